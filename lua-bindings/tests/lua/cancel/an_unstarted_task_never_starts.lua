-- It ends on the spot.
local mf = require "moonfleet"

local ran = false
local task = mf.spawn(function() ran = true end)
assert(task:cancel() and task:status() == "cancelled")
local ok, why = task:join()
assert(ok == nil and why == "cancelled")
mf.sleep(0.005)
assert(not ran and not task:cancel())
local many = {}
for i = 1, 1000 do many[i] = mf.spawn(function() ran = true end) end
for _, one in ipairs(many) do assert(one:cancel()) end
mf.sleep(0.005)
assert(not ran)
