-- Waiting inside pcall, inside xpcall, and inside the message handler of xpcall.
local check = require "check"

check.suspends(function(pause)
  check.same(check.list(true, 1, nil), pcall(function()
    pause()
    return 1, nil
  end))
  check.same(check.list(false, "broken"), pcall(function()
    pause()
    error("broken", 0)
  end))
  local function handler(err)
    pause()
    return "handled " .. err
  end
  check.same(check.list(false, "handled twice"), xpcall(function()
    local _, inner = pcall(error, "twice", 0)
    pause()
    error(inner, 0)
  end, handler))
end)
