-- A name is what spawn_named was given, or "task" and a number.
local mf = require "moonfleet"
local check = require "check"

assert(mf.spawn_named("painter", function() end):name() == "painter")
assert(tostring(mf.spawn_named("painter", function() end)) == "task: painter")
assert(mf.spawn_named("", function() end):name() == "")
assert(mf.spawn_named(12, function() end):name() == "12")
local a, b = mf.spawn(function() end):name(), mf.spawn(function() end):name()
assert(a:find("^task %d+$") and b:find("^task %d+$") and a ~= b)
check.same(check.list(true, 1, nil, 3), mf.spawn_named("echo", function(...) return ... end, 1, nil, 3):join())
assert(mf.launch { name = "far", fn = function() end }:name() == "far")
