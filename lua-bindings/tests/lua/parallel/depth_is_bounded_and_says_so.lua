-- 200 levels cross; more are refused with their reason, and cost nothing else.
local mf = require "moonfleet"

local ch = mf.channel(1)
local function nested(levels)
  local t = "bottom"
  for _ = 1, levels do t = { t } end
  return t
end
ch:send(nested(200))
local t, levels = ch:receive(), 0
while t ~= "bottom" do t, levels = t[1], levels + 1 end
assert(levels == 200)

local chain = function() end
for _ = 1, 300 do
  local f = chain
  chain = function() return f end
end
for _, value in ipairs { nested(201), nested(100000), chain } do
  local ok, err = pcall(ch.send, ch, value)
  assert(not ok and err:find("nested deeper than 200 levels", 1, true), #err .. " bytes: " .. err:sub(-80))
end
assert(#ch == 0)
