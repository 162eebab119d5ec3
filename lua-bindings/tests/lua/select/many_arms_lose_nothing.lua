-- More arms than fit on the native stack, fed from two states: every message arrives by its own arm.
local mf = require "moonfleet"

local COUNT, ROUNDS = 40, 50
local arms, channels = {}, {}
for i = 1, COUNT do
  channels[i] = mf.channel()
  arms[i] = { receive = channels[i] }
end
local function feed(channels, first, rounds)
  for round = 1, rounds do
    for i = first, #channels, 2 do assert(channels[i]:send(i, round)) end
  end
end
local far, near = mf.launch(feed, channels, 1, ROUNDS), mf.spawn(feed, channels, 2, ROUNDS)
local rounds = {}
for _ = 1, COUNT * ROUNDS do
  local index, i, round = mf.select(arms)
  assert(index == i and round == (rounds[i] or 0) + 1)
  rounds[i] = round
end
assert(far:join())
assert(near:join())
