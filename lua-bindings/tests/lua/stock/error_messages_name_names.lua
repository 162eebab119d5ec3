-- The texts of common errors, with the names that Lua finds for variables, fields and functions.
local mf = require "moonfleet"
local check = require "check"

check.everywhere(function()
  local t = {}
  check.raises("attempt to index a nil value (field 'x')", function() return t.x.y end)
  check.raises("attempt to call a nil value (global 'no_such_function')", function() no_such_function() end)
  check.raises("attempt to call a nil value (method 'm')", function() t:m() end)
  check.raises("attempt to compare number with nil", function() return 1 < nil end)
  check.raises("attempt to concatenate a table value (upvalue 't')", function() return t .. "" end)
  check.raises("bad argument #1 to 'rep' (string expected, got no value)", function() string.rep() end)
  check.raises("number has no integer representation", function() return 1.5 | 1 end)
  check.raises("attempt to call a channel value", function() mf.channel()() end)
  check.raises("attempt to perform arithmetic on a task value", function() return mf.spawn(print, "") + 1 end)
  check.raises("module 'no.such' not found:", require, "no.such")
  check.raises("no file './no/such.lua'", require, "no.such")
end)
