-- A coroutine.wrap iterator may wait between its yields, and others of its kind meanwhile.
local check = require "check"

check.suspends(function(pause)
  local function count(n)
    return coroutine.wrap(function()
      for i = 1, n do
        pause()
        coroutine.yield(i)
      end
    end)
  end
  local sum = 0
  for i in count(3) do
    for j in count(i) do sum = sum + i * j end
  end
  assert(sum == 1 + 2 * 3 + 3 * 6)
end)
