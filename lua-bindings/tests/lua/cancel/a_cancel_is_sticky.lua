-- Whoever catches the error meets it again at the next wait, and so does whoever never waits.
local mf = require "moonfleet"

local task = mf.spawn(function()
  local seen = 0
  for _ = 1, 3 do
    local ok, err = pcall(mf.sleep, 1e9)
    assert(not ok and err:find("cancelled", 1, true))
    seen = seen + 1
  end
  assert(not pcall(mf.yield))
  assert(not pcall(function() return mf.channel():receive() end))
  assert(select("#", mf.channel(1):try_receive()) == 2, "what does not wait is fine")
  return seen
end)
mf.yield()
task:cancel()
local ok, seen = task:join()
assert(ok and seen == 3 and task:status() == "done")

-- An error of its own beats the cancel.
task = mf.spawn(function()
  pcall(mf.sleep, 1e9)
  error("mine", 0)
end)
mf.yield()
task:cancel()
local ok, err = task:join()
assert(ok == false and err:find "^mine\n" and task:status() == "failed")
