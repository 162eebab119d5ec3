-- A script that sets a hook keeps it: what it is, what it sees, and on which thread.
local mf = require "moonfleet"

-- Counts with a small step go on beside interruptions.
local goes_on, fired = true, 0
local function hook(event)
  assert(event == "count")
  fired = fired + 1
end
local task = mf.spawn(function()
  debug.sethook(hook, "", 1000)
  while goes_on do
    local got, mask, count = debug.gethook()
    assert(got == hook and mask == "" and count == 1000)
  end
  debug.sethook()
  assert(debug.gethook() == nil)
end)
mf.sleep(0.05)
local before = fired
mf.sleep(0.05)
assert(before > 0 and fired > before)
goes_on = false
assert(task:join())

-- Large counts are reached: the loop is not interrupted before its own hook has had its say.
local function patience() goes_on = false end
goes_on = true
task = mf.spawn(function()
  debug.sethook(patience, "", 20000000)
  while goes_on do end
  debug.sethook()
end)
mf.yield()
assert(task:join())

-- Lines and calls are all seen.
local lines, calls = 0, 0
task = mf.spawn(function()
  local function f() end
  local function trace(event) if event == "line" then lines = lines + 1 elseif event == "call" then calls = calls + 1 end end
  local stop = mf.now() + 0.05
  debug.sethook(trace, "cl")
  local loops = 0
  while mf.now() < stop do
    f()
    loops = loops + 1
  end
  debug.sethook()
  assert(lines >= 3 * loops and calls >= 2 * loops, "lines or calls were missed")
end)
mf.spawn(function() for _ = 1, 20 do mf.sleep(0.001) end end)
assert(task:join())

-- A hook is that of one thread: a coroutine inherits the script's, and nothing else.
goes_on = true
task = mf.spawn(function()
  while goes_on do
    assert(debug.gethook(coroutine.create(print)) == nil)
    coroutine.wrap(function() assert(debug.gethook() == nil) end)()
    mf.spawn(function() assert(debug.gethook() == nil) end)
  end
end)
mf.sleep(0.03)
goes_on = false
assert(task:join())
