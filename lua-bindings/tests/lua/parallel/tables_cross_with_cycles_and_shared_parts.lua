-- A copy has the same shape: cycles, shared tables, tables as keys; metatables stay behind.
local mf = require "moonfleet"

local function there(...)
  local ok, value = mf.launch(function(...) return ... end, ...):join()
  assert(ok, value)
  return value
end

local inner = { "shared" }
local t = { 1, 2, nil, 4, name = "t", [1.5] = "float", [true] = "yes", [-1] = "minus", ["two words"] = 0 }
t.a, t.b, t.self, t[inner] = inner, inner, t, "by table"
t.deep = { { { t } } }
local copy = there(t)
assert(copy ~= t and copy.self == copy and copy.deep[1][1][1] == copy)
assert(copy[1] == 1 and copy[3] == nil and copy[4] == 4 and copy.name == "t" and copy[1.5] == "float")
assert(copy[true] == "yes" and copy[-1] == "minus" and copy["two words"] == 0)
assert(copy.a == copy.b and copy.a ~= inner and copy.a[1] == "shared" and copy[copy.a] == "by table")
local count = 0
for _ in pairs(copy) do count = count + 1 end
for _ in pairs(t) do count = count - 1 end
assert(count == 0)
assert(getmetatable(there(setmetatable({ 1 }, { __index = t, __gc = print }))) == nil)
assert(next(there {}) == nil)

-- Arguments of one call share what they share.
local _, same = mf.launch(function(a, b) return a == b.inside end, inner, { inside = inner }):join()
assert(same == true)
