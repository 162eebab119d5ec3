-- After a close receivers first get what the channel holds, then nil and "closed"; senders get that at once.
local mf = require "moonfleet"
local check = require "check"

for _, capacity in ipairs { 2, math.huge } do
  local ch = mf.channel(capacity)
  ch:send("a")
  ch:send("b")
  check.same(check.list(true), ch:close())
  check.same(check.list(nil, "closed"), ch:close())
  check.same(check.list(nil, "closed"), ch:send("c"))
  check.same(check.list(nil, "closed"), ch:try_send("c"))
  assert(#ch == 2)
  check.same(check.list("a"), ch:receive())
  check.same(check.list("b"), ch:try_receive())
  check.same(check.list(nil, "closed"), ch:receive())
  check.same(check.list(nil, "closed"), ch:receive(1))
  check.same(check.list(nil, "closed"), ch:try_receive())
  for _ in ch:iter() do error "nothing is left" end
end
