-- A debug hook set by the script may wait; it stays in place, and no other hook is ever visible.
local mf = require "moonfleet"

local function body()
  local seen = 0
  local function hook()
    seen = seen + 1
    mf.yield()
  end
  debug.sethook(hook, "l")
  local x = 1
  x = x + 1
  assert(debug.gethook() == hook)
  debug.sethook()
  assert(x == 2 and seen >= 3)
  assert(debug.gethook() == nil)
end

local a, b = mf.spawn(body), mf.spawn(body)
assert(a:join())
assert(b:join())
body()
