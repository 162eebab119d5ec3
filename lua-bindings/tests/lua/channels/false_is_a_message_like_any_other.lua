-- A first value of false does not end an iteration; nil does, as everywhere in Lua.
local mf = require "moonfleet"

local ch = mf.channel(4)
ch:send(false)
ch:send(nil, "ends the loop")
ch:send(1)
local seen = 0
for value in ch:iter() do
  assert(value == false)
  seen = seen + 1
end
assert(seen == 1)
assert(ch:receive() == 1)
