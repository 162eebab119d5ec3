-- ch:iter() gives every message with all its values, to any number of consumers, and ends when it is closed.
local mf = require "moonfleet"

local ch, seen = mf.channel(), {}
local consumers = {}
for i = 1, 4 do
  consumers[i] = mf.spawn(function()
    local count = 0
    for n, square, extra in ch:iter() do
      assert(square == n * n and extra == "extra" and not seen[n])
      seen[n] = true
      count = count + 1
    end
    return count
  end)
end
for i = 1, 100 do ch:send(i, i * i, "extra") end
ch:close()
local total = 0
for i = 1, 4 do total = total + select(2, consumers[i]:join()) end
assert(total == 100)
