-- A wait inside a user coroutine suspends the task, not the coroutine: resume returns only at its yields.
local check = require "check"

check.suspends(function(pause)
  local co = coroutine.create(function(a)
    pause()
    local b = coroutine.yield(a + 1)
    pause()
    return a + b
  end)
  check.same(check.list(true, 2), coroutine.resume(co, 1))
  assert(coroutine.status(co) == "suspended")
  check.same(check.list(true, 11), coroutine.resume(co, 10))
  assert(coroutine.status(co) == "dead")
end)
