-- Exit code 1 and a traceback on stderr; tasks that wait for what main will never send do not keep the process.
local mf = require "moonfleet"

local ch = mf.channel()
mf.spawn(function()
  ch:receive()
  print "never"
end)
mf.yield()
print "written before"
error "main is lost"
-- out: written before
-- err: moonfleet: a_failing_main_task_ends_the_process.lua:11: main is lost
-- err: stack traceback:
-- err: in main chunk
-- exit: 1
