-- Also when only other states are left, and wait for what main will never send.
local mf = require "moonfleet"

local ch, ready = mf.channel(), mf.channel()
mf.launch(function()
  ready:send()
  ch:receive()
  print "never"
end)
ready:receive()
error "main is lost"
-- err: moonfleet: a_failing_main_task_ends_the_process.lua:11: main is lost
-- exit: 1
