-- __tostring may wait, also when string.format, print or error messages call it; so may __name users.
local check = require "check"

check.suspends(function(pause)
  local thing = setmetatable({}, {
    __tostring = function()
      pause()
      return "thing"
    end,
  })
  assert(tostring(thing) == "thing")
  assert(("<%s|%10s>"):format(thing, thing) == "<thing|     thing>")
end)
