-- Also when the main task has ended: nobody will ever send.
local mf = require "moonfleet"
local ch = mf.channel()
mf.spawn_named("left behind", function() ch:receive() end)
print "main has ended"
-- exit: 1
-- out: main has ended
-- err: task 'left behind' of the state on worker 1 waits (receive)
