-- A launched state is as good as the first one: it launches others and waits for them.
local mf = require "moonfleet"

local function tree(depth)
  if depth == 0 then return 1 end
  local left, right = mf.launch(tree, depth - 1), mf.launch(tree, depth - 1)
  local _, a = left:join()
  local _, b = right:join()
  return a + b
end
local ok, leaves = mf.launch(tree, 4):join()
assert(ok and leaves == 16, leaves)
