-- First in, first out: messages, waiting senders and waiting receivers.
local mf = require "moonfleet"

for _, capacity in ipairs { 0, 1, 3, math.huge } do
  local ch = mf.channel(capacity)
  mf.spawn(function()
    for i = 1, 500 do assert(ch:send(i)) end
    ch:close()
  end)
  local expected = 0
  for i in ch:iter() do
    expected = expected + 1
    assert(i == expected)
  end
  assert(expected == 500)
end

local ch = mf.channel()
for i = 1, 50 do mf.spawn(function() ch:send(i) end) end
mf.yield()
for i = 1, 50 do assert(ch:receive() == i) end

local receivers = {}
for i = 1, 50 do receivers[i] = mf.spawn(ch.receive, ch) end
mf.yield()
for i = 1, 50 do ch:send(i) end
for i = 1, 50 do assert(select(2, receivers[i]:join()) == i) end
