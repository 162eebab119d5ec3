-- debug.gethook() is nil in long computations too; a hook of the script stays the script's, in its own task.
local mf = require "moonfleet"
local check = require "check"

check.everywhere(function()
  local n = 0
  for i = 1, 2000000 do n = n + i % 3 end
  assert(debug.gethook() == nil and n > 0)
end)
local calls = 0
local function hook() calls = calls + 1 end
debug.sethook(hook, "", 1000)
mf.spawn(function() assert(debug.gethook() == nil or debug.gethook() == hook) end):join()
for _ = 1, 100000 do end
assert(debug.gethook() == hook and calls > 0)
debug.sethook()
assert(debug.gethook() == nil)
