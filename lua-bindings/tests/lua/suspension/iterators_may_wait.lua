-- The function of a generic for may wait, and so may __pairs.
local check = require "check"

check.suspends(function(pause)
  local function step(last, i)
    pause()
    if i < last then return i + 1 end
  end
  local sum = 0
  for i in step, 3, 0 do sum = sum + i end
  assert(sum == 6)

  local mt = {
    __pairs = function(t)
      pause()
      return next, t
    end,
  }
  for k, v in pairs(setmetatable({ key = "value" }, mt)) do assert(k == "key" and v == "value") end
end)
