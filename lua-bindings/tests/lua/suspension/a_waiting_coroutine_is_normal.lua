-- A user coroutine that waits in a call is "normal" to other tasks: nobody can resume, wrap or close it meanwhile.
local mf = require "moonfleet"
local check = require "check"

local gate, co = mf.channel(), nil
co = coroutine.create(function() return gate:receive() end)
local resumer = mf.spawn(function() return coroutine.resume(co) end)
mf.yield()
assert(coroutine.status(co) == "normal")
check.same(check.list(false, "cannot resume non-suspended coroutine"), coroutine.resume(co))
check.raises("cannot close a normal coroutine", coroutine.close, co)
assert(debug.traceback(co):find("in method 'receive'", 1, true), debug.traceback(co))
assert(gate:send("value"))
check.same(check.list(true, true, "value"), resumer:join())
assert(coroutine.status(co) == "dead")
