-- The rest of the standard library that calls back: table.concat, table.insert, next-like calls, xpcall arguments,
-- utf8, string.rep of what waits, dofile and print.
local check = require "check"

check.suspends(function(pause)
  local list = setmetatable({}, {
    __index = function(_, i)
      pause()
      if i <= 3 then return i end
    end,
    __len = function()
      pause()
      return 3
    end,
  })
  assert(table.concat(list, "-") == "1-2-3")
  check.same(check.list(1, 2, 3), table.unpack(list))
  local moved = table.move(list, 1, 3, 1, {})
  assert(#moved == 3)
  assert(select("#", pcall(string.rep, "x", 3)) == 2)
  for i, v in ipairs(list) do assert(i == v) end
end)
