-- A send arm fires when its message has been taken, and gives true; a loser keeps its message.
local mf = require "moonfleet"
local check = require "check"

local ch, other = mf.channel(), mf.channel()
local receiver = mf.spawn(ch.receive, ch)
check.same(check.list(2, true), mf.select { { receive = other }, { send = ch, "x", true, 3 } })
check.same(check.list(true, "x", true, 3), receiver:join())

receiver = mf.spawn(function()
  mf.sleep(0.001)
  return ch:receive()
end)
check.same(check.list(1, true), mf.select { { send = ch }, { receive = other } })
check.same(check.list(true), receiver:join())

local buffered = mf.channel(1)
check.same(check.list(1, true), mf.select { { send = buffered, "first" } })
check.same(check.list(nil, "timeout"), mf.select { { send = buffered, "second" }, timeout = 0.001 })
check.same(check.list("first"), buffered:receive())
check.same(check.list(nil, "empty"), buffered:try_receive())

-- Of two send arms one message arrives.
local x, y = mf.channel(1), mf.channel(1)
local index = mf.select { { send = x, 1 }, { send = y, 2 } }
assert(#x + #y == 1 and (index == 1) == (#x == 1))
