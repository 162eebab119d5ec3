-- 100,000 selects, timeouts and deep messages: the memory of the state stays where it was.
local mf = require "moonfleet"

local function memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count"
end
local ch, other = mf.channel(1), mf.channel()
local function round(n)
  for i = 1, n do
    mf.select { { receive = other }, { send = ch, { i, { i } } } }
    mf.select { { receive = ch }, { receive = other } }
    other:receive(0)
    pcall(ch.send, ch, print)
  end
end
round(1000)
local before = memory()
round(100000)
assert(memory() < before + 200, ("%.0f KiB became %.0f"):format(before, memory()))
-- workers: 1
