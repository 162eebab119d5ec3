-- mf.async turns a function into one that spawns.
local mf = require "moonfleet"
local check = require "check"

local double = mf.async(function(n, ...)
  mf.sleep(0.001)
  return n * 2, ...
end)
local a, b = double(1, nil), double(2, "x", nil)
assert(a:status() == "ready")
check.same(check.list(2, nil), a:await())
check.same(check.list(4, "x", nil), b:await())
check.raises("bad argument #1 to 'async' (function expected, got nil)", function() mf.async(nil) end)
