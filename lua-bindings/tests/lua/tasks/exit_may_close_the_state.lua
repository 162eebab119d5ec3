-- os.exit(code, true) inside a task closes the state first: finalizers run.
local mf = require "moonfleet"

keep = setmetatable({}, { __gc = function() print "finalizer" end })
mf.spawn(function() mf.channel():receive() end)
mf.spawn(function() os.exit(3, true) end)
mf.channel():receive()
-- out: finalizer
-- exit: 3
