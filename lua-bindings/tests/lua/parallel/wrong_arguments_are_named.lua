-- Misuse of launch, in the words of the standard library.
local mf = require "moonfleet"
local check = require "check"

local function wrong(text, ...)
  local args = table.pack(...)
  check.raises(text, function() mf.launch(table.unpack(args, 1, args.n)) end)
end
wrong("bad argument #1 to 'launch' (function expected, got no value)")
wrong("bad argument #1 to 'launch' (function expected, got nil)", nil)
wrong("bad argument #1 to 'launch' (function expected, got number)", 5)
wrong("cannot send value: C function", print)
wrong("cannot send argument 2: userdata FILE*", function() end, io.stdout)
wrong("'fn' must be a function", {})
wrong("'fn' must be a function", { fn = "print" })
wrong("'args' must be a table", { fn = function() end, args = 5 })
wrong("'name' must be a string", { fn = function() end, name = {} })
wrong("'worker' must be a number from 1 to " .. mf.workers(), { fn = function() end, worker = 0 })
wrong("'worker' must be a number from 1 to " .. mf.workers(), { fn = function() end, worker = mf.workers() + 1 })
wrong("'worker' must be a number from 1 to " .. mf.workers(), { fn = function() end, worker = "first" })
