-- Senders and receivers in four states: what goes in comes out, once, through every kind of channel.
local mf = require "moonfleet"

local N = 2000
for _, capacity in ipairs { 0, 1, 64, math.huge } do
  local ch = mf.channel(capacity)
  local function produce(first)
    for i = first, first + N - 1 do assert(ch:send(i)) end
  end
  local function consume()
    local sum, count = 0, 0
    for i in ch:iter() do sum, count = sum + i, count + 1 end
    return sum, count
  end
  local producers = { mf.launch(produce, 1), mf.launch(produce, N + 1), mf.spawn(produce, 2 * N + 1) }
  local consumers = { mf.launch(consume), mf.launch(consume), mf.spawn(consume) }
  for _, producer in ipairs(producers) do assert(producer:join()) end
  ch:close()
  local total, messages = 0, 0
  for _, consumer in ipairs(consumers) do
    local ok, sum, count = consumer:join()
    assert(ok, sum)
    total, messages = total + sum, messages + count
  end
  assert(messages == 3 * N and total == 3 * N * (3 * N + 1) // 2, capacity)
end
