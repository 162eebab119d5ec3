-- Joining and raising again tells both stories.
local mf = require "moonfleet"

local function child() error "broken" end
local outer = mf.spawn(function()
  local _, err = mf.spawn(child):join()
  error(err, 0)
end)
local ok, err = outer:join()
local _, tracebacks = err:gsub("stack traceback:", "")
assert(ok == false and tracebacks == 2, err)
