-- 100,000 channels of each kind, used, closed or just dropped: the memory of the state stays where it was.
local mf = require "moonfleet"

local function memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count"
end
local function rss()
  for line in io.lines "/proc/self/status" do
    local kib = line:match "^VmRSS:%s+(%d+)"
    if kib then return tonumber(kib) end
  end
end
local function round(n)
  for i = 1, n do
    local a, b, c = mf.channel(), mf.channel(1), mf.channel(math.huge)
    b:send(a, "text " .. i)
    c:send { a, b }
    if i % 3 == 0 then a:close() end
    if i % 5 == 0 then c:send(c) end
  end
end
round(1000)
local before, resident = memory(), rss()
for _ = 1, 10 do round(10000) end
-- A channel that holds itself is never collected: one in five of the unbounded ones. The rest must be gone.
assert(memory() < before + 2000, ("%.0f KiB became %.0f"):format(before, memory()))
assert(rss() < resident + 200000, ("%.0f KiB resident became %.0f"):format(resident, rss()))
-- workers: 1 2
