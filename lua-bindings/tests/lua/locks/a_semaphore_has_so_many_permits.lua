-- Never more than its permits inside, and nobody overtakes.
local mf = require "moonfleet"
local check = require "check"

local semaphore, inside, most, order = mf.semaphore(3), 0, 0, {}
local tasks = {}
for id = 1, 12 do
  tasks[id] = mf.spawn(function()
    local _ <close> = semaphore:acquire()
    order[#order + 1] = id
    inside = inside + 1
    most = math.max(most, inside)
    mf.sleep(0.001)
    inside = inside - 1
  end)
end
for _, task in ipairs(tasks) do assert(task:join()) end
assert(most == 3 and inside == 0 and semaphore:permits() == 3)
for id = 1, 12 do assert(order[id] == id) end

local empty = mf.semaphore(0)
check.same(check.list(nil, "empty"), empty:try_acquire())
check.same(check.list(nil, "timeout"), empty:acquire(0.001))
empty:release(2)
assert(empty:try_acquire() == empty and empty:acquire(0) == empty and empty:permits() == 0)
local waiters = {}
for i = 1, 3 do waiters[i] = mf.spawn(function() return empty:acquire() == empty end) end
mf.yield()
empty:release(5)
for _, waiter in ipairs(waiters) do check.same(check.list(true, true), waiter:join()) end
assert(empty:permits() == 2)
for _, wrong in ipairs { -1, 1.5, "x", {}, false } do assert(not pcall(mf.semaphore, wrong)) end
check.raises("must not be negative", mf.semaphore, -1)
check.raises("the count must be positive", empty.release, empty, 0)
check.raises("number expected", empty.release, empty, {})
check.raises("too many permits", empty.release, empty, math.maxinteger)
