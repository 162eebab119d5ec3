-- A task that computes for longer than a slice lets the others of its state run, wherever its loop is.
local beside = require "neighbour"

-- Without a single call.
local mf = require "moonfleet"
local goes_on = true
local loop = mf.spawn(function() while goes_on do end end)
mf.sleep(0.001)
goes_on = false
assert(loop:join())

beside(function(goes_on) while goes_on() do end end)
beside(function(goes_on) for _ = 1, math.huge do if not goes_on() then return end end end)
beside(function(goes_on) repeat until not goes_on() end)
beside(function(goes_on)
  ::again::
  if goes_on() then goto again end
end)
beside(function(goes_on)
  local function recurse() return goes_on() and recurse() end
  recurse()
end)
beside(function(goes_on) assert(pcall(function() while goes_on() do end end)) end)
beside(function(goes_on) while goes_on() do pcall(error, "again") end end)
beside(function(goes_on) xpcall(error, function() while goes_on() do end end) end)
beside(function(goes_on)
  while goes_on() do table.sort({ 3, 1, 2 }, function(a, b) return goes_on() and a < b or a < b end) end
end)
beside(function(goes_on) table.sort({ 2, 1 }, function(a, b) while goes_on() do end return a < b end) end)
beside(function(goes_on) local _ = ("x"):gsub("x", function() while goes_on() do end end) end)
beside(function(goes_on)
  local t = setmetatable({}, { __index = function() while goes_on() do end end, __close = function() while goes_on() do end end })
  local _ <close> = t
  return t.x
end)
beside(function(goes_on) for _ in function() return goes_on() or nil end do end end)
beside(function(goes_on) load(function() while goes_on() do end end) end)
