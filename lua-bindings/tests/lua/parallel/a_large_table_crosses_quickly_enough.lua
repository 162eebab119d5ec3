-- A table of 100,000 elements, and one of 10,000 tables, there and back.
local mf = require "moonfleet"

local big, many = {}, {}
for i = 1, 100000 do big[i] = i end
for i = 1, 10000 do many[i] = { id = i, name = "number " .. i } end
local ok, a, b = mf.launch(function(big, many)
  assert(#big == 100000 and #many == 10000)
  for i = 1, #big do big[i] = big[i] * 2 end
  for i = 1, #many do assert(many[i].id == i) end
  return big, many
end, big, many):join()
assert(ok, a)
for i = 1, 100000 do assert(a[i] == 2 * i) end
for i = 1, 10000 do assert(b[i].id == i and b[i].name == "number " .. i) end
