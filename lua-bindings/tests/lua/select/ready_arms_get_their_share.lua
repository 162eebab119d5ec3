-- Among arms that are always ready chance decides, and evenly.
local mf = require "moonfleet"

local ROUNDS = 4000
for _, count in ipairs { 2, 3, 5, 12 } do
  local arms, fired = {}, {}
  for i = 1, count do
    local ch = mf.channel(math.huge)
    for _ = 1, ROUNDS do ch:send(i) end
    arms[i] = { receive = ch }
    fired[i] = 0
  end
  for _ = 1, ROUNDS do
    local index, value = mf.select(arms)
    assert(index == value)
    fired[index] = fired[index] + 1
  end
  for i = 1, count do
    -- Half the fair share is ten standard deviations away.
    assert(fired[i] > ROUNDS / count / 2, ("arm %d of %d fired %d times"):format(i, count, fired[i]))
  end
end

-- A receive arm and a send arm of two buffers share in the same way.
local from, to = mf.channel(math.huge), mf.channel(math.huge)
for _ = 1, ROUNDS do from:send(true) end
local fired = { 0, 0 }
for _ = 1, ROUNDS do
  local index = mf.select { { receive = from }, { send = to, true } }
  fired[index] = fired[index] + 1
end
assert(fired[1] > ROUNDS / 4 and fired[2] > ROUNDS / 4)
