-- The same channel twice is no mistake: one of the two arms fires, and one message is taken.
local mf = require "moonfleet"
local check = require "check"

local ch = mf.channel(2)
ch:send("first")
ch:send("second")
local index, value = mf.select { { receive = ch }, { receive = ch } }
assert((index == 1 or index == 2) and value == "first")
assert(#ch == 1)
ch:receive()
local waiting = mf.spawn(mf.select, { { receive = ch }, { receive = ch } })
mf.yield()
ch:send("third")
local _, _, third = waiting:join()
assert(third == "third")
check.same(check.list(nil, "empty"), ch:try_receive())
