-- Where it is interrupted it ends; also in a coroutine, or in a callback.
local mf = require "moonfleet"

local function ends(loop)
  local task = mf.spawn(loop)
  mf.sleep(0.001)
  assert(task:cancel())
  local ok, why = task:join()
  assert(ok == nil and why == "cancelled", why)
end
local closed = 0
ends(function()
  local _ <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
  while true do end
end)
ends(function() coroutine.wrap(function() while true do end end)() end)
ends(function() table.sort({ 2, 1 }, function() while true do end end) end)
ends(function()
  local co = coroutine.create(function()
    local _ <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
    while true do end
  end)
  error(select(2, coroutine.resume(co)), 0)
end)
assert(closed == 1, "a coroutine that failed is closed by whoever has resumed it, or never")
