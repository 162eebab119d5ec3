-- Before the end and after it, from many tasks, as a method and as a function.
local mf = require "moonfleet"
local check = require "check"

local gate, object = mf.channel(), {}
local slow = mf.spawn(function()
  gate:receive()
  return object, "and more"
end)
local joiners = {}
for i = 1, 10 do joiners[i] = mf.spawn(function() return slow:join() end) end
mf.yield()
gate:send()
for i = 1, 10 do check.same(check.list(true, true, object, "and more"), joiners[i]:join()) end
for _ = 1, 3 do
  check.same(check.list(true, object, "and more"), slow:join())
  check.same(check.list(true, object, "and more"), mf.join(slow))
  check.same(check.list(true, object, "and more"), mf.join(slow, 0))
end
