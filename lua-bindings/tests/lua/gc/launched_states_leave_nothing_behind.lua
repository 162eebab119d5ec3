-- Hundreds of states one after the other: the process does not grow.
local mf = require "moonfleet"

local function rss()
  for line in io.lines "/proc/self/status" do
    local kib = line:match "^VmRSS:%s+(%d+)"
    if kib then return tonumber(kib) end
  end
end
local function work()
  local t = {}
  for i = 1, 1000 do t[i] = { i } end
  mf.spawn(mf.yield):join()
  return #t
end
local function round(n)
  for _ = 1, n do assert(mf.launch(work):join()) end
end
round(100)
local before = rss()
round(400)
assert(rss() < before + 20000, ("%.0f KiB became %.0f"):format(before, rss()))
