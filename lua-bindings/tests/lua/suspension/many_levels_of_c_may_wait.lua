-- A wait a hundred C calls deep, in several tasks at once: each has its own native stack.
local mf = require "moonfleet"

local function nest(depth, at_the_bottom)
  if depth == 0 then return at_the_bottom() end
  return (("x"):gsub("x", function() return nest(depth - 1, at_the_bottom) end))
end

local tasks, gate = {}, mf.channel()
for i = 1, 20 do
  tasks[i] = mf.spawn(nest, 100, function() return gate:receive() end)
end
mf.yield()
for i = 1, 20 do gate:send(tostring(i)) end
for i = 1, 20 do
  local ok, text = tasks[i]:join()
  assert(ok and text == tostring(i))
end
