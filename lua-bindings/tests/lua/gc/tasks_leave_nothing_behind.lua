-- 100,000 tasks, joined and not: the memory of the state stays where it was.
local mf = require "moonfleet"

local function memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count"
end
local function nothing() end
local function round()
  for _ = 1, 100 do assert(mf.spawn(nothing):join()) end
  for _ = 1, 100 do mf.spawn(nothing) end
  mf.yield()
end
for _ = 1, 10 do round() end
local before = memory()
local peak = 0
for _ = 1, 500 do
  round()
  peak = math.max(peak, collectgarbage "count")
end
assert(memory() < before + 200, ("%.0f KiB became %.0f"):format(before, memory()))
assert(peak < before + 20000, ("up to %.0f KiB"):format(peak))
-- workers: 1 2
