-- It would have to go on to tell.
local mf = require "moonfleet"
local check = require "check"

check.raises("calling 'cancel' on bad self (a task cannot cancel itself)", function()
  local me = mf.current()
  me:cancel()
end)
local task
task = mf.spawn(function()
  check.raises("a task cannot cancel itself", function() task:cancel() end)
  check.raises("a task cannot cancel itself", coroutine.wrap(function() task:cancel() end))
  return true
end)
assert(select(2, task:join()) == true)
