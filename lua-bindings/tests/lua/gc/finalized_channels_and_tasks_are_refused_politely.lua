-- In the finalizer of a table its channel may have been finalized before: using it is an error, nothing worse.
local mf = require "moonfleet"

local runs = 0
for _ = 1, 100 do
  local ch, task = mf.channel(1), mf.spawn(function() end)
  setmetatable({}, {
    __gc = function()
      runs = runs + 1
      pcall(ch.try_send, ch, "late")
      pcall(ch.len, ch)
      pcall(task.status, task)
      pcall(tostring, ch)
      pcall(tostring, task)
      revived, revived_task = ch, task
    end,
  })
end
mf.yield()
for _ = 1, 3 do collectgarbage() end
assert(runs == 100)
pcall(revived.try_send, revived, 1)
pcall(revived.receive, revived, 0)
pcall(revived_task.join, revived_task)
local other = mf.channel(1)
pcall(other.try_send, other, revived)
