-- os.exit ends the process at once, with its code and with what was written; other tasks and states are cut off.
local mf = require "moonfleet"

mf.spawn(function() mf.channel():receive() end)
mf.launch(function() mf.channel():receive() end)
mf.spawn(function()
  mf.yield()
  io.write "bye"
  coroutine.wrap(function() os.exit(7) end)()
end)
mf.channel():receive()
-- out: bye
-- exit: 7
