-- A comparator of table.sort may wait; each sort goes on where it was.
local check = require "check"

check.suspends(function(pause)
  local list = { 5, 3, 8, 1, 9, 2, 7 }
  table.sort(list, function(a, b)
    pause()
    return a < b
  end)
  assert(table.concat(list) == "1235789")
end)
