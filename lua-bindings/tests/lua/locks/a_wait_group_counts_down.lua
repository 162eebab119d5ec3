-- wait ends when as many are done as were added.
local mf = require "moonfleet"
local check = require "check"

local group, finished = mf.wait_group(), 0
check.same(check.list(true), group:wait())
for _ = 1, 5 do
  group:add()
  mf.spawn(function()
    mf.sleep(0.001)
    finished = finished + 1
    group:done()
  end)
end
assert(group:pending() == 5)
check.same(check.list(nil, "timeout"), group:wait(0))
local waiters = {}
for i = 1, 3 do waiters[i] = mf.spawn(function() return group:wait() end) end
for _, waiter in ipairs(waiters) do check.same(check.list(true, true), waiter:join()) end
assert(finished == 5 and group:pending() == 0)
check.raises("done more often than added", function() group:done() end)
local two = mf.wait_group(2)
two:add(3)
assert(two:pending() == 5)
check.raises("must not be negative", mf.wait_group, -1)
check.raises("the count must be positive", two.add, two, -1)
check.raises("too large", two.add, two, math.maxinteger)
check.raises("number expected", mf.wait_group, "x")
