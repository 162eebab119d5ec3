-- First come, first served; the lock itself is what lock gives, so a scope can give it back.
local mf = require "moonfleet"
local check = require "check"

local mutex, log = mf.mutex(), {}
local tasks = {}
for id = 1, 5 do
  tasks[id] = mf.spawn(function()
    local _ <close> = mutex:lock()
    log[#log + 1] = id
    mf.sleep(0.001)
    log[#log + 1] = id
  end)
end
for _, task in ipairs(tasks) do assert(task:join()) end
assert(table.concat(log) == "1122334455" and not mutex:is_locked())

assert(mutex:lock() == mutex and mutex:is_locked())
check.raises("this task holds the mutex already", function() mutex:lock() end)
check.same(check.list(nil, "locked"), mutex:try_lock())
local other = mf.spawn(function()
  check.raises("this task does not hold the mutex", function() mutex:unlock() end)
  check.same(check.list(nil, "timeout"), mutex:lock(0.001))
  check.same(check.list(nil, "timeout"), mutex:lock(0))
  return mutex:try_lock()
end)
check.same(check.list(true, nil, "locked"), other:join())
mutex:unlock()
check.raises("this task does not hold the mutex", function() mutex:unlock() end)
assert(mutex:try_lock() == mutex)
mutex:unlock()

-- An error in the scope gives it back, and so does a cancel.
local failing = mf.spawn(function()
  local _ <close> = mutex:lock()
  error {}
end)
failing:join()
assert(not mutex:is_locked())
local sleeper = mf.spawn(function()
  local _ <close> = mutex:lock()
  mf.sleep(1e9)
end)
mf.yield()
sleeper:cancel()
sleeper:join()
assert(not mutex:is_locked())

-- A scope that has given it back early takes nothing from the next holder.
local next_holder
do
  local _ <close> = mutex:lock()
  next_holder = mf.spawn(function()
    mutex:lock()
    mf.yield()
    return mutex:is_locked()
  end)
  mf.yield()
  mutex:unlock()
end
check.same(check.list(true, true), next_holder:join())
