-- It goes to stderr with the name and the traceback of the task; the others go on, and the exit code stays 0.
local mf = require "moonfleet"

mf.spawn_named("careless", function() error "nobody sees this" end)
mf.spawn_named("table", function()
  error(setmetatable({}, { __tostring = function() return "spelled out" end }))
end)
mf.spawn_named("nil", function() error() end)
mf.launch { name = "far", fn = function() error "from another state" end }
mf.spawn(function()
  mf.sleep(0.02)
  print "others go on"
end)
print "main ends"
-- out: main ends
-- out: others go on
-- err: moonfleet: task 'careless' failed: an_error_nobody_joins_is_reported.lua:4: nobody sees this
-- err: stack traceback:
-- err: in function 'error'
-- err: moonfleet: task 'table' failed: spelled out
-- err: moonfleet: task 'nil' failed: 
-- err: moonfleet: task 'far' failed: 
-- err: from another state
