-- Misuse raises errors in the words of the standard library.
local mf = require "moonfleet"
local check = require "check"

local ch = mf.channel()
check.raises("bad argument #1 to 'channel' (number expected, got string)", function() mf.channel("many") end)
check.raises("bad argument #1 to 'channel' (capacity must be a whole number", function() mf.channel(-1) end)
check.raises("bad argument #1 to 'channel' (capacity must be a whole number", function() mf.channel(1.5) end)
check.raises("bad argument #1 to 'channel' (capacity must be a whole number", function() mf.channel(0 / 0) end)
check.raises("bad argument #1 to 'channel' (capacity must be a whole number", function() mf.channel(-math.huge) end)
check.raises("bad argument #1 to 'send' (channel expected, got number)", function() ch.send(1) end)
check.raises("bad argument #1 to 'receive' (channel expected, got no value)", function() ch.receive() end)
check.raises("bad argument #1 to 'close' (channel expected, got table)", function() ch.close {} end)
check.raises("bad argument #1 to 'len' (channel expected, got FILE*)", function() ch.len(io.stdout) end)
check.raises("bad argument #1 to 'receive' (number expected, got table)", function() ch:receive {} end)
check.raises("bad argument #1 to 'receive' (seconds must be a number, not NaN)", function() ch:receive(0 / 0) end)
check.raises("cannot send value: coroutine", ch.try_send, ch, coroutine.create(print))
check.raises("attempt to index a channel value", function() ch.x = 1 end)
assert(ch.no_such_method == nil)
-- A refused message leaves the channel as it was.
assert(#ch == 0 and select(2, ch:try_receive()) == "empty")
