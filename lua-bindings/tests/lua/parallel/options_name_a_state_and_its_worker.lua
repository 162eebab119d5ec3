-- launch{fn=, args=, name=, worker=}: args may come from table.pack.
local mf = require "moonfleet"
local check = require "check"

local function echo(...) return select("#", ...), ... end
local named = mf.launch { fn = echo, args = { 1, "two", 3 }, name = "clerk" }
assert(named:name() == "clerk" and tostring(named) == "task: clerk")
check.same(check.list(true, 3, 1, "two", 3), named:join())
check.same(check.list(true, 4, nil, 2, nil, nil), mf.launch { fn = echo, args = table.pack(nil, 2, nil, nil) }:join())
check.same(check.list(true, 0), mf.launch { fn = echo }:join())
check.same(check.list(true, 0), mf.launch { fn = echo, args = {} }:join())
assert(mf.launch(echo):name():find("^state on worker %d+$"))
