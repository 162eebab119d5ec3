-- mf.yield inside a user coroutine lets other tasks run; the coroutine stays running and its resumer waits.
local mf = require "moonfleet"

local ran = 0
mf.spawn(function()
  for _ = 1, 3 do
    ran = ran + 1
    mf.yield()
  end
end)
local co = coroutine.wrap(function()
  for i = 1, 3 do
    mf.yield()
    assert(ran == i)
    assert(coroutine.status(coroutine.running()) == "running")
  end
  coroutine.yield "a real yield"
  return "end"
end)
assert(co() == "a real yield")
assert(co() == "end")
assert(select("#", mf.yield()) == 0)
