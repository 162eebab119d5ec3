-- Many tasks send and receive by random calls on shared channels: every message arrives exactly once, or is handed
-- back by a failure. The seed is printed if something is lost.
local mf = require "moonfleet"

local function trade(seed, channels, rounds)
  -- A generator of our own: math.random is shared by the tasks of a state.
  local function random(n)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed // 65536 % n + 1
  end
  local sent, received, count = 0, 0, 0
  local function got(value)
    if value then received, count = received + value, count - 1 end
    return value
  end
  for round = 1, rounds do
    local ch, other, value = channels[random(#channels)], channels[random(#channels)], random(1000)
    local what = random(8)
    local ok, index
    if what == 1 then
      ok = ch:try_send(value)
    elseif what == 2 then
      got((ch:try_receive()))
    elseif what == 3 then
      got((ch:receive(0.0002)))
    elseif what == 4 then
      index, ok = mf.select { { send = ch, value }, timeout = 0.0002 }
      ok = index and ok
    elseif what == 5 then
      local from, got_value = mf.select { { receive = ch }, { receive = other }, timeout = 0.0002 }
      if from then got(got_value) end
    elseif what == 6 then
      index, ok = mf.select { { receive = ch }, { send = other, value }, default = random(2) == 1, timeout = 0.0002 }
      if index == 1 then got(ok) end
      ok = index == 2 and ok
    elseif what == 7 then
      index, ok = mf.select { { send = ch, value, { value } }, { send = other, value }, timeout = 0.0002 }
      ok = index and ok
    else
      mf.yield()
    end
    if ok then sent, count = sent + value, count + 1 end
    if round % 100 == 0 then collectgarbage "step" end
  end
  return sent, received, count
end

local seed = os.time()
for _, start in ipairs { mf.spawn, mf.launch } do
  local channels = {}
  for i, capacity in ipairs { 0, 1, 2, 5, math.huge, 0, 1 } do channels[i] = mf.channel(capacity) end
  local tasks = {}
  for i = 1, 8 do tasks[i] = (i % 2 == 0 and start or mf.spawn)(trade, seed + i * 7919, channels, 400) end
  local sent, received, count = 0, 0, 0
  for i = 1, 8 do
    local ok, s, r, c = tasks[i]:join()
    assert(ok, s)
    sent, received, count = sent + s, received + r, count + c
  end
  for _, ch in ipairs(channels) do
    ch:close()
    for value in ch:iter() do received, count = received + value, count - 1 end
  end
  assert(count == 0 and sent == received, ("seed %d: %d messages, sum %d against %d"):format(seed, count, sent, received))
end
