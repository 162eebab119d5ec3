-- Several tasks that never wait all get on.
local mf = require "moonfleet"

local counts, full = {}, 0
local tasks = {}
for id = 1, 5 do
  counts[id] = 0
  tasks[id] = mf.spawn(function()
    local mine = false
    while full < 5 do
      counts[id] = counts[id] + 1
      if counts[id] >= 1000 and not mine then
        mine, full = true, full + 1
      end
    end
  end)
end
for _, task in ipairs(tasks) do assert(task:join()) end
-- workers: 1
