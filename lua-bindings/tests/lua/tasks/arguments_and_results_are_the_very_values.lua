-- Inside a state nothing is copied: any value, any number of values, nils included.
local mf = require "moonfleet"
local check = require "check"

local co, object = coroutine.create(print), {}
local function same(...) return select("#", ...), ... end
check.same(check.list(true, 4, 1, nil, "three", nil), mf.spawn(same, 1, nil, "three", nil):join())
check.same(check.list(true, 5, co, print, object, io.stdout, mf), mf.spawn(same, co, print, object, io.stdout, mf):join())
check.same(check.list(true), mf.spawn(function() end):join())
local results = table.pack(mf.spawn(table.unpack, {}, 1, 5000):join())
assert(results.n == 5001)
-- C functions and functions of this library are as good as any.
check.same(check.list(true, 3), mf.spawn(math.max, 1, 3, 2):join())
local _, inner = mf.spawn(mf.spawn, function() return "inner" end):join()
check.same(check.list(true, "inner"), inner:join())
