-- mf.select returns which arm fired, then what a receive would have returned.
local mf = require "moonfleet"
local check = require "check"

local a, b = mf.channel(), mf.channel()
mf.spawn(b.send, b, "ready", nil, 3)
mf.yield()
check.same(check.list(2, "ready", nil, 3), mf.select { { receive = a }, { receive = b } })

mf.spawn(function()
  mf.sleep(0.001)
  a:send "late"
end)
check.same(check.list(1, "late"), mf.select { { receive = a }, { receive = b }, timeout = 60 })

mf.spawn(a.send, a)
check.same(check.list(1), mf.select { { receive = a } })

local buffered = mf.channel(1)
buffered:send("inside")
check.same(check.list(3, "inside"), mf.select { { receive = a }, { receive = b }, { receive = buffered } })
