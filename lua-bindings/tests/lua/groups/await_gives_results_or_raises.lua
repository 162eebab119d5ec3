-- await is join without the boolean.
local mf = require "moonfleet"
local check = require "check"

check.same(check.list(1, nil, 3), mf.await(mf.spawn(function() return 1, nil, 3 end)))
check.same(check.list(), mf.spawn(function() end):await())
check.same(check.list(42), mf.launch(function() return 42 end):await())
local object = {}
local ok, err = pcall(mf.await, mf.spawn(error, object))
assert(not ok and err == object)
ok, err = pcall(mf.await, mf.spawn(error))
assert(not ok and err == nil)

-- Both tracebacks are there when it fails in turn.
local outer = mf.spawn(function() mf.await(mf.spawn(function() error "deep" end)) end)
ok, err = outer:join()
local _, tracebacks = err:gsub("stack traceback:", "")
assert(ok == false and tracebacks == 2 and err:find("deep", 1, true), err)
