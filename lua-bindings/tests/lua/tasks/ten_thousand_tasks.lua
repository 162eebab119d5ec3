-- All of them wait at once, then all of them end.
local mf = require "moonfleet"

local N = 10000
local gate, tasks, waiting = mf.channel(), {}, 0
for i = 1, N do
  tasks[i] = mf.spawn(function()
    waiting = waiting + 1
    return gate:receive() + i
  end)
end
mf.yield()
assert(waiting == N)
for _ = 1, N do gate:send(1) end
local sum = 0
for i = 1, N do
  local ok, value = tasks[i]:join()
  assert(ok)
  sum = sum + value
end
assert(sum == N + N * (N + 1) // 2)
-- workers: 1 2
