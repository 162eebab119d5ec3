-- A spawned task waits for its turn, and tasks start in the order in which they were spawned.
local mf = require "moonfleet"

local order = {}
for i = 1, 5 do
  mf.spawn(function()
    order[#order + 1] = i
    mf.spawn(function() order[#order + 1] = i * 10 end)
  end)
end
assert(#order == 0)
mf.yield()
assert(table.concat(order, " ", 1, 5) == "1 2 3 4 5")
mf.yield()
assert(table.concat(order, " ", 6) == "10 20 30 40 50")
