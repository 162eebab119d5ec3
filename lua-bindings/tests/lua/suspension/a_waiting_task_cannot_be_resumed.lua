-- The thread of a task that waits can be looked at, but neither resumed nor closed.
local mf = require "moonfleet"
local check = require "check"

local gate, thread = mf.channel(), nil
local task = mf.spawn(function()
  thread = coroutine.running()
  return gate:receive()
end)
mf.yield()
assert(coroutine.status(thread) == "normal")
check.same(check.list(false, "cannot resume non-suspended coroutine"), coroutine.resume(thread))
check.raises("cannot close a normal coroutine", coroutine.close, thread)
assert(debug.traceback(thread):find("in method 'receive'", 1, true))
gate:send("still fine")
check.same(check.list(true, "still fine"), task:join())
