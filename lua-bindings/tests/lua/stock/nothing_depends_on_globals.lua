-- Wiping every global and library after the start does no harm.
local mf = require "moonfleet"
local assert, error, pairs = assert, error, pairs

local globals, loaded = _G, package.loaded
for name in pairs(loaded) do loaded[name] = nil end
for name in pairs(globals) do globals[name] = nil end
local ch = mf.channel()
local task = mf.spawn(function()
  mf.sleep(0.001)
  return ch:receive()
end)
ch:send { "fine" }
local ok, fine = task:join()
assert(ok and fine[1] == "fine")
ok = mf.spawn(function() error "without globals" end):join()
assert(ok == false)
