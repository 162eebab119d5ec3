-- Somebody who waits for a task sees its error, so stderr stays empty: join, select and a far state alike.
local mf = require "moonfleet"

local gate = mf.channel()
local function fail()
  gate:receive()
  error "seen"
end
for _, start in ipairs { mf.spawn, mf.launch } do
  for _, wait in ipairs { function(task) return task:join() end, function(task)
    return select(2, mf.select { { join = task } })
  end } do
    local task = start(fail)
    local waiter = mf.spawn(wait, task)
    mf.yield()
    gate:send()
    local _, ok, err = waiter:join()
    assert(ok == false and err:find("seen", 1, true))
  end
end
