-- Two tasks that offer each other everything at once exchange messages without loss, and never with themselves.
local mf = require "moonfleet"

local ROUNDS = 2000
local function trade(me, give, take)
  local given, taken = 0, 0
  while given < ROUNDS or taken < ROUNDS do
    local arms = {}
    if given < ROUNDS then arms[#arms + 1] = { send = give, me, given + 1 } end
    if taken < ROUNDS then arms[#arms + 1] = { receive = take } end
    local index, who, number = mf.select(arms)
    if arms[index].send then
      given = given + 1
    else
      taken = taken + 1
      assert(who ~= me and number == taken)
    end
  end
  return given + taken
end

for _, start in ipairs { mf.spawn, mf.launch } do
  local a, b = mf.channel(), mf.channel()
  local one, two = start(trade, "one", a, b), mf.spawn(trade, "two", b, a)
  for _, task in ipairs { one, two } do
    local ok, count = task:join()
    assert(ok and count == 2 * ROUNDS, count)
  end
end

-- Both arms on one channel: a task does not meet itself.
local ch = mf.channel()
local index, word = mf.select { { receive = ch }, { send = ch, "me" }, timeout = 0.001 }
assert(index == nil and word == "timeout")
local other = mf.spawn(function() return mf.select { { receive = ch }, { send = ch, "other" } } end)
index, word = mf.select { { receive = ch }, { send = ch, "me" } }
local _, there, what = other:join()
assert(index == 1 and word == "other" and there == 2 and what == true
  or index == 2 and word == true and there == 1 and what == "me")
