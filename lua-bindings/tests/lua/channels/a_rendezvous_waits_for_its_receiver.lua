-- Without a capacity a send ends when its receiver has taken the message.
local mf = require "moonfleet"
local check = require "check"

local ch, log = mf.channel(), {}
local sender = mf.spawn(function()
  log[#log + 1] = "sending"
  check.same(check.list(true), ch:send("message"))
  log[#log + 1] = "sent"
end)
mf.yield()
check.same(check.list(nil, "full"), ch:try_send("nobody waits for this"))
log[#log + 1] = "receiving"
check.same(check.list("message"), ch:receive())
assert(sender:join())
assert(table.concat(log, " ") == "sending receiving sent")
assert(ch:len() == 0 and #ch == 0)

-- The receiver may be first.
local receiver = mf.spawn(function() return ch:receive() end)
mf.yield()
check.same(check.list(true), ch:try_send("taken"))
check.same(check.list(true, "taken"), receiver:join())
check.same(check.list(nil, "empty"), ch:try_receive())
check.same(check.list(nil, "empty"), mf.channel(0):try_receive())
