-- Whether a neighbour goes on beside a task that does not wait.
local mf = require "moonfleet"

-- Runs `loop(goes_on)` beside a neighbour that sleeps a few times. The loop is to run as long as `goes_on()` is true,
-- and only the neighbour makes it false; nothing in it may wait.
return function(loop)
  local goes_on = true
  local neighbour = mf.spawn(function()
    for _ = 1, 3 do mf.sleep(0.001) end
    goes_on = false
  end)
  local clean = true
  local task = mf.spawn(loop, function()
    clean = clean and debug.gethook() == nil
    return goes_on
  end)
  assert(task:join())
  assert(neighbour:join())
  assert(clean, "a hook was visible")
end
