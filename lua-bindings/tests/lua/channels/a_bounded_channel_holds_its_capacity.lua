-- Sends up to the capacity do not wait; the next one waits for room.
local mf = require "moonfleet"
local check = require "check"

for capacity = 1, 5 do
  local ch = mf.channel(capacity)
  for i = 1, capacity do
    check.same(check.list(true), ch:send(i))
    assert(ch:len() == i and #ch == i)
  end
  check.same(check.list(nil, "full"), ch:try_send("too much"))
  local late = mf.spawn(function() return ch:send("late") end)
  mf.yield()
  assert(late:status() == "waiting")
  check.same(check.list(1), ch:receive())
  check.same(check.list(true, true), late:join())
  for i = 2, capacity do check.same(check.list(i), ch:try_receive()) end
  check.same(check.list("late"), ch:receive())
  check.same(check.list(nil, "empty"), ch:try_receive())
end
