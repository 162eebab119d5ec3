-- ready, running, waiting, done, failed.
local mf = require "moonfleet"

local gate, task = mf.channel(), nil
task = mf.spawn(function()
  local before = task:status()
  mf.yield()
  return before, gate:receive(), task:status()
end)
assert(task:status() == "ready")
mf.yield()
assert(task:status() == "ready")
mf.yield()
assert(task:status() == "waiting")
gate:send("go")
local _, before, _, after = task:join()
assert(before == "running" and after == "running" and task:status() == "done")

local bad = mf.spawn(error, {})
bad:join()
assert(bad:status() == "failed")

local far = mf.launch(function(gate) return gate:receive() end, gate)
assert(far:status() == "ready" or far:status() == "running")
gate:send("go")
far:join()
assert(far:status() == "done")
