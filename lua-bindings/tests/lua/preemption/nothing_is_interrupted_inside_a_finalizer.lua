-- A __gc is never interrupted, nor a coroutine that it runs: the collector stands still until it returns.
local mf = require "moonfleet"

local inside, done, seen = false, 0, false
local watcher = mf.spawn(function()
  repeat
    seen = seen or inside
    mf.yield()
  until done == 2
end)
local function compute()
  inside = true
  local stop = mf.now() + 0.05
  while mf.now() < stop do end
  inside = false
  done = done + 1
end
local task = mf.spawn(function()
  setmetatable({}, { __gc = compute })
  setmetatable({}, { __gc = function() coroutine.wrap(compute)() end })
  while done < 2 do collectgarbage() end
end)
assert(task:join())
assert(watcher:join())
assert(not seen)
