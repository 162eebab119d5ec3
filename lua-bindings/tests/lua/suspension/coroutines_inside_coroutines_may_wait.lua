-- However deep coroutines resume each other, the innermost may wait.
local check = require "check"

check.suspends(function(pause)
  local function nest(depth)
    return coroutine.wrap(function()
      pause()
      if depth == 0 then
        coroutine.yield("bottom")
        pause()
        return "done"
      end
      local inner = nest(depth - 1)
      coroutine.yield(inner() .. depth)
      return inner() .. depth
    end)
  end
  local outer = nest(5)
  assert(outer() == "bottom12345")
  assert(outer() == "done12345")
end)
