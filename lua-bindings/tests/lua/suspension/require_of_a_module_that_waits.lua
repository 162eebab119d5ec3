-- A module may wait while it loads; searchers may wait too.
local check = require "check"

local count = 0
check.suspends(function(pause)
  count = count + 1
  local name = "slow" .. count
  package.preload[name] = function(...)
    pause()
    pause()
    return { name = ... }
  end
  assert(require(name).name == name)
  assert(require(name) == package.loaded[name])
end)
