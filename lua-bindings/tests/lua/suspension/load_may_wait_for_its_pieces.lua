-- The reader function of load may wait between the pieces of a chunk, and what was loaded may wait.
local check = require "check"

check.suspends(function(pause)
  local pieces, at = { "local p = ... ", "p() ", "return 4", "2" }, 0
  local chunk = assert(load(function()
    pause()
    at = at + 1
    return pieces[at]
  end))
  assert(chunk(pause) == 42)
end)
