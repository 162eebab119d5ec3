-- Its index and its results; the others are cancelled.
local mf = require "moonfleet"
local check = require "check"

local slow = mf.spawn(mf.sleep, 1e9)
local quick = mf.spawn(function() return "quick", nil end)
check.same(check.list(2, "quick", nil), mf.race(slow, quick))
slow:join()
assert(slow:status() == "cancelled")

slow = mf.spawn(mf.sleep, 1e9)
local ok, err = pcall(mf.race, slow, mf.spawn(error, "lost", 0))
assert(not ok and err:find "^lost\n")
slow:join()
assert(slow:status() == "cancelled")
check.raises("bad argument #1 to 'race' (task expected, got no value)", function() mf.race() end)
check.raises("a task cannot wait for itself", function() mf.race(mf.current()) end)
