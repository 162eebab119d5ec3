-- Never early, in order of the deadlines, and nothing at all for zero and less.
local mf = require "moonfleet"

local start, order = mf.now(), {}
local tasks = {}
for i, seconds in ipairs { 0.03, 0.01, 0.02 } do
  tasks[i] = mf.spawn(function()
    mf.sleep(seconds)
    assert(mf.now() - start >= seconds)
    order[#order + 1] = i
  end)
end
for i = 1, 3 do assert(tasks[i]:join()) end
assert(table.concat(order) == "231")

local ran = false
mf.spawn(function() ran = true end)
mf.sleep(0)
assert(ran)
mf.sleep(-1)
mf.sleep("0.001")
assert(mf.now() > start)
