-- The results in time, or nil and "timeout"; what is too late has ended by then.
local mf = require "moonfleet"
local check = require "check"

check.same(check.list(3, nil), mf.timeout(1e9, function(a, b) return a + b, nil end, 1, 2))
check.same(check.list(), mf.timeout(1, function() end))
check.same(check.list(1), mf.timeout(math.huge, function() return 1 end))
local closed = false
check.same(check.list(nil, "timeout"), mf.timeout(0.002, function()
  local _ <close> = setmetatable({}, { __close = function() closed = true end })
  mf.channel():receive()
end))
assert(closed)
check.same(check.list(nil, "timeout"), mf.timeout(0.002, function() while true do end end))
check.same(check.list(nil, "timeout"), mf.timeout(0, function() mf.sleep(1e9) end))
check.same(check.list(nil, "timeout"), mf.timeout(-1, mf.sleep, 1e9))
local object = {}
local ok, err = pcall(mf.timeout, 1, error, object)
assert(not ok and err == object)
ok, err = pcall(mf.timeout, 1, function() error "inside" end)
assert(not ok and err:find("inside", 1, true) and err:find("stack traceback", 1, true))

-- One in another: the inner one ends with the outer one.
local inner
check.same(check.list(nil, "timeout"), mf.timeout(0.002, function()
  mf.timeout(1e9, function()
    inner = mf.current()
    mf.sleep(1e9)
  end)
end))
assert(inner:status() == "cancelled")
-- Results that come in spite of the cancel count.
check.same(check.list("stubborn"), mf.timeout(0.001, function()
  pcall(mf.sleep, 1e9)
  return "stubborn"
end))
check.raises("bad argument #1 to 'timeout' (number expected, got no value)", function() mf.timeout() end)
check.raises("bad argument #2 to 'timeout' (function expected, got no value)", function() mf.timeout(1) end)
check.raises("not NaN", function() mf.timeout(0 / 0, print) end)
