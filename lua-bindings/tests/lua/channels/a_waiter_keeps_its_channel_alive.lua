-- Collections do not take a channel that only its waiters know; nor one that only a message knows.
local mf = require "moonfleet"
local check = require "check"

local function wait()
  return mf.spawn(function() return mf.channel():receive(0.01) end)
end
local tasks = {}
for i = 1, 50 do tasks[i] = wait() end
mf.yield()
for _ = 1, 3 do collectgarbage() end
for i = 1, 50 do check.same(check.list(true, nil, "timeout"), tasks[i]:join()) end

local outer = mf.channel(10)
for i = 1, 10 do
  local inner = mf.channel(1)
  inner:send("inner " .. i)
  outer:send(inner)
end
for _ = 1, 3 do collectgarbage() end
for i = 1, 10 do assert(outer:receive():receive() == "inner " .. i) end

-- A channel that holds itself, and pairs that hold each other.
for _ = 1, 100 do
  local a, b = mf.channel(2), mf.channel(2)
  a:send(a, b)
  b:send(a, b)
end
for _ = 1, 3 do collectgarbage() end
