-- The mutex is given back for the wait, and taken again before it ends, whatever ends it.
local mf = require "moonfleet"
local check = require "check"

local mutex, condition, queue, got = mf.mutex(), mf.condition(), {}, {}
local consumers = {}
for id = 1, 3 do
  consumers[id] = mf.spawn(function()
    local _ <close> = mutex:lock()
    while #queue == 0 do assert(condition:wait(mutex)) end
    got[#got + 1] = table.remove(queue, 1)
  end)
end
mf.yield()
assert(not mutex:is_locked())
for i = 1, 3 do
  local _ <close> = mutex:lock()
  queue[#queue + 1] = i
  assert(condition:notify_one() == true)
end
for _, consumer in ipairs(consumers) do assert(consumer:join()) end
assert(table.concat(got) == "123" and condition:notify_one() == false and condition:notify_all() == 0)

mutex:lock()
check.same(check.list(nil, "timeout"), condition:wait(mutex, 0.001))
assert(mutex:is_locked())
mutex:unlock()
check.raises("this task does not hold the mutex", function() condition:wait(mutex) end)
check.raises("mutex expected", function() condition:wait() end)

-- A cancelled waiter holds the mutex while it cleans up, even if it must wait for it.
local held
local waiter = mf.spawn(function()
  mutex:lock()
  local ok, err = pcall(condition.wait, condition, mutex)
  held = not ok and err:find("cancelled", 1, true) and mutex:is_locked()
  mutex:unlock()
end)
mf.yield()
mutex:lock()
waiter:cancel()
mf.sleep(0.001)
assert(waiter:status() == "waiting" and held == nil)
mutex:unlock()
waiter:join()
assert(held)
local all = {}
for i = 1, 4 do
  all[i] = mf.spawn(function()
    local _ <close> = mutex:lock()
    return condition:wait(mutex)
  end)
end
mf.yield()
assert(condition:notify_all() == 4)
for _, task in ipairs(all) do check.same(check.list(true, true), task:join()) end
