-- Then the state is closed, and finalizers run.
local mf = require "moonfleet"

keep = setmetatable({}, { __gc = function() print "finalizer" end })
mf.spawn(function()
  mf.sleep(0.01)
  print "task ends"
end)
print "main ends"
-- out: main ends
-- out: task ends
-- out: finalizer
