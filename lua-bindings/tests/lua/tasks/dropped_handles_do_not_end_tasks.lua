-- A task needs nobody to hold it.
local mf = require "moonfleet"

local count = 0
for _ = 1, 1000 do
  mf.spawn(function()
    mf.yield()
    collectgarbage("step")
    count = count + 1
  end)
end
collectgarbage()
while count < 1000 do mf.yield() end
