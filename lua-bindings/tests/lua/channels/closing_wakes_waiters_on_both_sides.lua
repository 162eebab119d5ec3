-- Everybody who waits to receive or to send hears of a close, in this state and in others.
local mf = require "moonfleet"
local check = require "check"

local function receive(ch, ready)
  ready:send(true)
  return ch:receive()
end
local function send(ch, ready)
  ready:send(true)
  return ch:send("never taken")
end
local function iterate(ch, ready)
  ready:send(true)
  for _ in ch:iter() do error "nothing was sent" end
  return nil, "closed"
end

for _, start in ipairs { mf.spawn, mf.launch } do
  for _, wait in ipairs { receive, send, iterate } do
    local ch, ready, tasks = mf.channel(), mf.channel(), {}
    for i = 1, 4 do tasks[i] = start(wait, ch, ready) end
    for _ = 1, 4 do ready:receive() end
    mf.yield()
    assert(ch:close())
    for i = 1, 4 do check.same(check.list(true, nil, "closed"), tasks[i]:join()) end
  end
end

-- A full channel: the senders that wait are told, and what is inside stays.
local ch = mf.channel(1)
ch:send("inside")
local late = mf.spawn(ch.send, ch, "outside")
mf.yield()
ch:close()
check.same(check.list(true, nil, "closed"), late:join())
check.same(check.list("inside"), ch:receive())
