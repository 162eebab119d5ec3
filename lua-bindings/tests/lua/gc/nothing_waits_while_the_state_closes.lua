-- When the state closes its last finalizers run; they can neither wait nor spawn.
local mf = require "moonfleet"

keep = setmetatable({}, {
  __gc = function()
    print(pcall(mf.sleep, 0.001))
    print(pcall(mf.spawn, print, "never"))
    print(pcall(mf.yield))
  end,
})
-- out: false\tattempt to wait inside a finalizer (__gc)
-- out: false\tattempt to spawn a task while the state closes
-- out: false\tattempt to wait inside a finalizer (__gc)
