-- Lua's stacks end at a million values. A message that fits arrives; one that does not is an error, and nobody waits
-- for it for ever.
local mf = require "moonfleet"

local function exchange(ch, length)
  local long = {}
  for i = 1, length do long[i] = i end
  local receiver = mf.spawn(function()
    return pcall(function() return select("#", ch:receive()), (select(-1, 1, ch:receive(0.01))) end)
  end)
  mf.yield()
  local sender = mf.spawn(function()
    return (pcall(function() ch:send(table.unpack(long, 1, length)) end))
  end)
  local _, sent = sender:join(10)
  ch:close()
  local _, received, count = receiver:join()
  return sent, received, count
end

local sent, received, count = exchange(mf.channel(), 600000)
assert(sent and received and count == 600000, count)

sent, received, count = exchange(mf.channel(1), 600000)
assert(sent and received and count == 600000, count)

-- What no stack can hold never gets as far as a channel.
sent = exchange(mf.channel(), 1100000)
assert(not sent)

-- Results are as long as messages.
local task = mf.spawn(function() return table.unpack({}, 1, 400000) end)
assert(select("#", task:join()) == 400001)
