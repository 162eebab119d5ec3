-- Not earlier than asked; a message that is there beats a timeout of zero; strings that are numbers will do.
local mf = require "moonfleet"
local check = require "check"

local ch = mf.channel()
local before = mf.now()
check.same(check.list(nil, "timeout"), ch:receive(0.01))
assert(mf.now() - before >= 0.01)
check.same(check.list(nil, "timeout"), ch:receive(0))
check.same(check.list(nil, "timeout"), ch:receive(-1))
check.same(check.list(nil, "timeout"), ch:receive("0.001"))

mf.spawn(function() ch:send("in time") end)
check.same(check.list("in time"), ch:receive(60))
mf.spawn(function() ch:send("for ever") end)
check.same(check.list("for ever"), ch:receive(math.huge))
mf.spawn(function() ch:send("nil is none") end)
check.same(check.list("nil is none"), ch:receive(nil))

local full = mf.channel(1)
full:send("there")
check.same(check.list("there"), full:receive(0))
full:send("there")
check.same(check.list("there"), full:receive(-5))

-- A receiver that has given up takes nothing.
local sender = mf.spawn(function() return ch:send("kept") end)
mf.yield()
check.same(check.list("kept"), ch:receive(0))
check.same(check.list(true, true), sender:join())
