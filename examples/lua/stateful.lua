-- Stateful tasks: one task owns the state, 100 readers and 10 writers ask it.
--
-- In this example our state is owned by a single task. This ensures that the data is never corrupted
-- with concurrent access. To read or write that state, other tasks send messages to the owning task
-- and receive corresponding replies. It prints how many operations were done in one second:
--
--     moonfleet stateful.lua [--saturated] [--seconds S]
--
-- Each client sleeps 1 ms after an operation, so 110 of them ask for at most 110,000 operations a
-- second. With --saturated they do not sleep, and the machine sets the limit.

local mf = require "moonfleet"
local random = math.random

local pause, seconds = true, 1
for i, word in ipairs(arg) do
  if word == "--saturated" then pause = false end
  if word == "--seconds" then seconds = tonumber(arg[i + 1]) end
end

-- The channels by which requests reach the owner: `key, resp` and `key, val, resp`. A channel without
-- a capacity is a meeting: the sender waits until the owner takes the message.
local reads, writes = mf.channel(), mf.channel()
local readOps, writeOps = 0, 0

-- This task owns the state, which is a table private to it. It waits for whichever request comes
-- first, and answers on the channel that came with the request.
mf.spawn_named("owner", function()
  local state = {}
  local requests = { { receive = reads }, { receive = writes } }
  while true do
    local which, key, val, resp = mf.select(requests)
    if key == nil then break end
    if which == 1 then
      resp = val
      resp:send(state[key] or 0)
    else
      state[key] = val
      resp:send(true)
    end
  end
end)

-- 100 tasks issue reads to the state-owning task. Each read makes a channel for its reply, with room for
-- it, so that the owner need not wait for the reader; sends the request, and waits for the reply. When the
-- requests are closed, `send` returns nil.
for _ = 1, 100 do
  mf.spawn_named("reader", function()
    local resp = mf.channel(1)
    while reads:send(random(1, 5), resp) do
      resp:receive()
      readOps = readOps + 1
      if pause then mf.sleep(0.001) end
      resp = mf.channel(1)
    end
  end)
end

-- 10 tasks issue writes, in the same way.
for _ = 1, 10 do
  mf.spawn_named("writer", function()
    local resp = mf.channel(1)
    while writes:send(random(1, 5), random(1, 100), resp) do
      resp:receive()
      writeOps = writeOps + 1
      if pause then mf.sleep(0.001) end
      resp = mf.channel(1)
    end
  end)
end

-- Let the tasks work, report the counts, and close the requests, which ends everybody.
mf.sleep(seconds)
print("readOps:", readOps)
print("writeOps:", writeOps)
reads:close()
writes:close()
