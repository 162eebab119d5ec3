-- try_send, try_receive, select with default, close and spawn.
local mf = require "moonfleet"

local function in_finalizer(fn)
  local ok, result
  setmetatable({}, { __gc = function() ok, result = pcall(fn) end })
  collectgarbage()
  assert(ok, result)
  return result
end
local ch = mf.channel(8)
assert(in_finalizer(function() return ch:try_send "from a finalizer" end))
assert(ch:receive() == "from a finalizer")
assert(in_finalizer(function() return select(2, ch:try_receive()) end) == "empty")
assert(in_finalizer(function() return select(2, mf.select { { receive = ch }, default = true }) end) == "default")
local spawned = in_finalizer(function() return mf.spawn(function() return "spawned" end) end)
assert(select(2, spawned:join()) == "spawned")
local launched = in_finalizer(function() return mf.launch(function() return "launched" end) end)
assert(select(2, launched:join()) == "launched")

-- A receiver that a finalizer wakes runs after it.
local meeting = mf.channel()
local receiver = mf.spawn(function() return meeting:receive() end)
mf.yield()
assert(in_finalizer(function() return meeting:try_send "woken" end))
assert(select(2, receiver:join()) == "woken")
assert(in_finalizer(function() return ch:close() end))
