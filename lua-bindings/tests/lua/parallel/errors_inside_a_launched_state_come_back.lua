-- Text with the traceback of the other state; tables as copies; what cannot cross as text.
local mf = require "moonfleet"

local ok, err = mf.launch(function()
  local function inner() error "far away" end
  inner()
end):join()
assert(ok == false and err:find("far away\nstack traceback:", 1, true) and err:find("'inner'", 1, true), err)
ok, err = mf.launch(function() error { code = 7 } end):join()
assert(ok == false and err.code == 7)
ok, err = mf.launch(function() error() end):join()
assert(ok == false and err == nil)
ok, err = mf.launch(function() error(print) end):join()
assert(ok == false and type(err) == "string" and err:find("^builtin") or err:find("^function"), err)
ok, err = mf.launch(function() coroutine.yield() end):join()
assert(ok == false and err:find("attempt to yield from outside a coroutine", 1, true), err)
ok, err = mf.launch(function() return 1 + nil end):join()
assert(ok == false and err:find("attempt to perform arithmetic", 1, true), err)
-- Whether a failure also shows on stderr depends on whether the join was there first.
-- err:
