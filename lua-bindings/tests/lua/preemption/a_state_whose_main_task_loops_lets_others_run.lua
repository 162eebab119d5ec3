-- The main task of the script, and that of a launched state, are tasks like the others.
local mf = require "moonfleet"

local function loop()
  local mf = require "moonfleet"
  local goes_on = true
  mf.spawn(function()
    mf.sleep(0.001)
    goes_on = false
  end)
  while goes_on do end
end
loop()
assert(mf.launch(loop):join())
