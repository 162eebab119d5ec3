-- collectgarbage("stop") does not forbid waits; nor does calling a __gc by hand end a channel that is in use.
local mf = require "moonfleet"

local ch = mf.channel()
collectgarbage "stop"
mf.sleep(0.001)
mf.yield()
local waiting = mf.spawn(function() return ch:receive() end)
ch:send "x"
assert(select(2, waiting:join()) == "x")
collectgarbage "restart"

-- What a script finds as __gc, if anything, does nothing when it is called by hand.
local function finalize(object)
  local gc = debug.getmetatable(object).__gc
  if gc then gc(object) end
end
mf.launch(function() return ch end):join()
local receiver = mf.spawn(function() return ch:receive() end)
mf.yield()
finalize(ch)
finalize(receiver)
ch:send "alive"
assert(select(2, receiver:join()) == "alive")
finalize(receiver)
assert(receiver:status() == "done")
