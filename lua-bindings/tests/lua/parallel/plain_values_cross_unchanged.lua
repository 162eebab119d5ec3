-- Booleans, integers, floats, strings with any bytes: value and type arrive.
local mf = require "moonfleet"

local values = {
  true, false, 0, -1, 1.5, -0.0, 1e300, 2 ^ 53, math.huge, -math.huge, math.pi, math.maxinteger, math.mininteger,
  "", "text", "\0", "\0bytes\0\255\n", ("x"):rep(13), ("x"):rep(14), ("x"):rep(15), ("long\0"):rep(10000),
}
local ok, back = mf.launch(function(...)
  local list = { ... }
  for _, value in ipairs(list) do assert(value ~= nil) end
  return list
end, table.unpack(values)):join()
assert(ok, back)
for i, value in ipairs(values) do
  assert(back[i] == value and math.type(back[i]) == math.type(value) and type(back[i]) == type(value))
end
local _, nan, zero = mf.launch(function(...) return ... end, 0 / 0, -0.0):join()
assert(nan ~= nan and 1 / zero == -math.huge)
