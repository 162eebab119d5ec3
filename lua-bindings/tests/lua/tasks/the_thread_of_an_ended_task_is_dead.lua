-- Who kept it finds a dead coroutine, and cannot touch the results that the task left.
local mf = require "moonfleet"
local check = require "check"

local function ended(...)
  local thread
  local task = mf.spawn(function(...)
    thread = coroutine.running()
    return ...
  end, ...)
  mf.yield()
  return task, thread
end
local called = false
local task, thread = ended(function() called = true end)
assert(coroutine.status(thread) == "dead", coroutine.status(thread))
check.same(check.list(false, "cannot resume dead coroutine"), coroutine.resume(thread))
assert(not called)
task, thread = ended("result")
assert(coroutine.close(thread))
check.same(check.list(true, "result"), task:join())
