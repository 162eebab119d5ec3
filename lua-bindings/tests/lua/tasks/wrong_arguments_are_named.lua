-- Misuse of tasks and of time, in the words of the standard library.
local mf = require "moonfleet"
local check = require "check"

check.raises("bad argument #1 to 'spawn' (function expected, got nil)", function() mf.spawn(nil) end)
check.raises("bad argument #1 to 'spawn' (function expected, got no value)", function() mf.spawn() end)
check.raises("bad argument #1 to 'spawn_named' (string expected, got table)", function() mf.spawn_named({}, print) end)
check.raises("bad argument #2 to 'spawn_named' (function expected, got no value)", function() mf.spawn_named "x" end)
check.raises("bad argument #1 to 'join' (task expected, got channel)", function() mf.join(mf.channel()) end)
check.raises("bad argument #1 to 'join' (task expected, got no value)", function() mf.join() end)
check.raises("bad argument #1 to 'sleep' (number expected, got string)", function() mf.sleep "long" end)
check.raises("bad argument #1 to 'sleep' (number expected, got no value)", function() mf.sleep() end)
check.raises("bad argument #1 to 'sleep' (seconds must be a number, not NaN)", function() mf.sleep(0 / 0) end)
local task = mf.spawn(function() end)
check.raises("bad argument #1 to 'status' (task expected, got number)", function() task.status(1) end)
check.raises("bad argument #1 to 'name' (task expected, got channel)", function() task.name(mf.channel()) end)
