-- Changing the tables, or dropping them, while a select waits changes nothing.
local mf = require "moonfleet"
local check = require "check"

local ch, other = mf.channel(), mf.channel()
local arms = { { receive = ch }, { send = other, "original" } }
local waiting = mf.spawn(mf.select, arms)
mf.yield()
arms[1].receive, arms[2].send, arms[2][1] = nil, nil, "changed"
arms[1], arms[2], arms = nil, nil, nil
collectgarbage()
check.same(check.list("original"), other:receive())
check.same(check.list(true, 2, true), waiting:join())

-- Nor do the arms that lost stay behind: nobody takes a later message.
check.same(check.list(nil, "full"), ch:try_send("nobody"))
