-- Timers, loops and other states on the way: however long all workers sleep.
local mf = require "moonfleet"

local ch = mf.channel()
local waiters = {}
for i = 1, 3 do waiters[i] = mf.spawn(function() return ch:receive() end) end
mf.sleep(0.05)
local far = mf.launch(function(ch)
  local mf = require "moonfleet"
  mf.sleep(0.05)
  ch:send(1)
  assert(select(2, mf.channel():receive(0.05)) == "timeout")
  assert(select(2, mf.select { { receive = mf.channel() }, timeout = 0.05 }) == "timeout")
  ch:send(2)
  mf.timeout(0.05, mf.sleep, 1e9)
  ch:send(3)
end, ch)
for _, waiter in ipairs(waiters) do assert(waiter:join()) end
assert(far:join())
-- Hand in hand over two workers, asleep most of the time.
local there, back = mf.channel(), mf.channel()
local partner = mf.launch(function(there, back) for n in there:iter() do back:send(n) end end, there, back)
for n = 1, 2000 do
  there:send(n)
  assert(back:receive() == n)
end
there:close()
assert(partner:join())
