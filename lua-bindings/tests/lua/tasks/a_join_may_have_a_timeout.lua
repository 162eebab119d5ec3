-- nil, "timeout", and the task goes on.
local mf = require "moonfleet"
local check = require "check"

local gate = mf.channel()
local task = mf.spawn(function() return gate:receive() end)
local before = mf.now()
check.same(check.list(nil, "timeout"), task:join(0.01))
assert(mf.now() - before >= 0.01)
check.same(check.list(nil, "timeout"), mf.join(task, 0))
check.same(check.list(nil, "timeout"), task:join(-1))
gate:send("go on")
check.same(check.list(true, "go on"), task:join(60))
check.raises("bad argument #1 to 'join' (number expected, got table)", function() task:join {} end)
