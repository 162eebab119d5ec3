-- It would wait for ever: an error says so, also through a coroutine.
local mf = require "moonfleet"
local check = require "check"

local selfish
selfish = mf.spawn(function()
  check.raises("a task cannot join itself", selfish.join, selfish)
  check.raises("a task cannot join itself", mf.join, selfish, 1)
  coroutine.wrap(function() check.raises("a task cannot join itself", selfish.join, selfish) end)()
  return "alive"
end)
check.same(check.list(true, "alive"), selfish:join())
