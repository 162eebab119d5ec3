-- Function, arguments and results are copied; globals are those of the new state.
local mf = require "moonfleet"
local check = require "check"

shared = "here"
local base, table_here = 100, { 1 }
local task = mf.launch(function(a, b)
  local before = shared
  shared, base, table_here[1] = "there", 0, "changed"
  return a + b, before, base, _VERSION
end, 20, 22)
check.same(check.list(true, 42, nil, 0, _VERSION), task:join())
check.same(check.list(true, 42, nil, 0, _VERSION), task:join())
assert(shared == "here" and base == 100 and table_here[1] == 1)
check.same(check.list(true), mf.launch(function() end):join())
check.same(check.list(true, nil, nil), mf.launch(function(...) return ... end, nil, nil):join())
