-- math.huge: any number of messages, in order.
local mf = require "moonfleet"

local ch = mf.channel(math.huge)
for i = 1, 20000 do assert(ch:send(i)) end
assert(ch:try_send(20001))
assert(#ch == 20001)
for i = 1, 20001 do assert(ch:receive() == i) end
assert(#ch == 0)
