-- Stateful tasks across states: the owner lives here, its clients in other Lua states on other workers.
--
-- The program is that of stateful.lua. But a Lua state runs on one worker, so here the 100 readers and 10
-- writers are launched in states of their own, one on each other worker. Their requests, and the channels
-- for the replies, cross threads.
--
--     moonfleet stateful_states.lua [--saturated] [--seconds S]

local mf = require "moonfleet"

local pause, seconds = true, 1
for i, word in ipairs(arg) do
  if word == "--saturated" then pause = false end
  if word == "--seconds" then seconds = tonumber(arg[i + 1]) end
end

-- A channel is known in every state that was given it.
local reads, writes = mf.channel(), mf.channel()

-- What a launched state runs: its share of the clients. The function is copied there, with the values that
-- it refers to. It returns how many operations its clients have done.
local function clients(readers, writers)
  local random = math.random
  local readOps, writeOps = 0, 0
  local tasks = {}
  for i = 1, readers do
    tasks[i] = mf.spawn(function()
      local resp = mf.channel(1)
      while reads:send(random(1, 5), resp) do
        resp:receive()
        readOps = readOps + 1
        if pause then mf.sleep(0.001) end
        resp = mf.channel(1)
      end
    end)
  end
  for i = 1, writers do
    tasks[readers + i] = mf.spawn(function()
      local resp = mf.channel(1)
      while writes:send(random(1, 5), random(1, 100), resp) do
        resp:receive()
        writeOps = writeOps + 1
        if pause then mf.sleep(0.001) end
        resp = mf.channel(1)
      end
    end)
  end
  for _, task in ipairs(tasks) do task:join() end
  return readOps, writeOps
end

-- The owner of the state, as in stateful.lua.
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

-- One state on each worker but ours (on ours, if there is no other) takes an even share of the clients.
local others = {}
for worker = 1, mf.workers() do
  if worker ~= mf.worker() or mf.workers() == 1 then others[#others + 1] = worker end
end
local crews = {}
for i, worker in ipairs(others) do
  local function share(all) return all * i // #others - all * (i - 1) // #others end
  crews[i] = mf.launch { fn = clients, args = { share(100), share(10) }, worker = worker, name = "clients" }
end

-- Let them work, then close the requests, which ends everybody, and add up.
mf.sleep(seconds)
reads:close()
writes:close()
local readOps, writeOps = 0, 0
for _, crew in ipairs(crews) do
  local ok, r, w = crew:join()
  assert(ok, r)
  readOps, writeOps = readOps + r, writeOps + w
end
print("readOps:", readOps)
print("writeOps:", writeOps)
