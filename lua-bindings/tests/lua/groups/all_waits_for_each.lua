-- The first result of each, in the order of the arguments; the first error that comes is raised, and ends the rest.
local mf = require "moonfleet"
local check = require "check"

local function after(seconds, ...)
  return mf.spawn(function(...)
    mf.sleep(seconds)
    return ...
  end, ...)
end
check.same(check.list(), mf.all())
check.same(check.list(3, nil, 1), mf.all(after(0.003, 3, "more"), after(0.002), after(0.001, 1)))
local done = after(0, "done")
done:join()
check.same(check.list("done", "done"), mf.all(done, done))
check.same(check.list(7, "far"), mf.all(after(0, 7), mf.launch(function() return "far" end)))

local slow, bad = after(1e9), mf.spawn(error, "bad", 0)
local ok, err = pcall(mf.all, slow, bad)
assert(not ok and err:find "^bad\n", err)
slow:join()
assert(slow:status() == "cancelled")
check.raises("bad argument #2 to 'all' (task expected, got number)", function() mf.all(done, 1) end)

local many = {}
for i = 1, 200 do many[i] = after(0, i) end
local results = table.pack(mf.all(table.unpack(many)))
for i = 1, 200 do assert(results[i] == i) end

-- Cancelled itself it leaves the others alone.
local child = after(0.005, "lives")
local waiter = mf.spawn(function() mf.all(child) end)
mf.yield()
waiter:cancel()
assert(select(2, waiter:join()) == "cancelled")
assert(select(2, child:join()) == "lives")
