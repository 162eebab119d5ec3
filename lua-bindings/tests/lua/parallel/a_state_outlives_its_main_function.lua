-- join gives the results at once; the state goes on until its tasks have ended, and then runs its finalizers.
local mf = require "moonfleet"

local ch = mf.channel()
local task = mf.launch(function(ch)
  keep = setmetatable({}, { __gc = function() ch:try_send("finalizer") end })
  mf.spawn(function()
    ch:receive()
    ch:send("from a task")
  end)
  return "main has ended"
end, ch)
assert(select(2, task:join()) == "main has ended" and task:status() == "done")
ch:send()
assert(ch:receive() == "from a task")
