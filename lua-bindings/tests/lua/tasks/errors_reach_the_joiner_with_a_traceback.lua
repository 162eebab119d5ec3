-- A text error carries the traceback of its task; any other value arrives as it is.
local mf = require "moonfleet"
local check = require "check"

local function inner() error("broken") end
local ok, err = mf.spawn(function() inner() end):join()
assert(ok == false)
assert(err:find("^errors_reach_the_joiner_with_a_traceback.lua:5: broken\nstack traceback:\n"), err)
assert(err:find("in upvalue 'inner'", 1, true), err)

local object = {}
check.same(check.list(false, object), mf.spawn(error, object):join())
check.same(check.list(false, nil), mf.spawn(error):join())
check.same(check.list(false, false), mf.spawn(error, false):join())
check.same(check.list(false, print), mf.spawn(error, print):join())
ok, err = mf.spawn(error, 42):join()
assert(ok == false and tostring(err):find("^42"))

-- After a wait, in a coroutine, and from a failed call.
ok, err = mf.spawn(function()
  mf.yield()
  local missing
  return missing.field
end):join()
assert(ok == false and err:find("attempt to index a nil value (local 'missing')", 1, true), err)
ok, err = mf.spawn(function() coroutine.wrap(function() error "inside" end)() end):join()
assert(ok == false and err:find("inside", 1, true))
