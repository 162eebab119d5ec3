-- The collector of the state stands still until a __gc returns, so a wait there is refused and does no harm.
local mf = require "moonfleet"

local results = {}
local function in_finalizer(name, fn, ...)
  local args = table.pack(...)
  setmetatable({}, { __gc = function() results[name] = { pcall(fn, table.unpack(args, 1, args.n)) } end })
  collectgarbage()
  return assert(results[name], name .. ": no finalizer ran")
end
local function refused(name, fn, ...)
  local result = in_finalizer(name, fn, ...)
  local text = tostring(result[2])
  assert(result[1] == false and text:find("attempt to wait inside a finalizer (__gc)", 1, true), name .. ": " .. text)
end

local function all()
  local ch, task = mf.channel(), mf.spawn(function() return mf.channel():receive(0.01) end)
  refused("sleep", mf.sleep, 0.001)
  refused("sleep(0)", mf.sleep, 0)
  refused("yield", mf.yield)
  refused("receive", ch.receive, ch)
  refused("receive with a timeout", ch.receive, ch, 0.001)
  refused("send", ch.send, ch, 1)
  refused("iter", function() for _ in ch:iter() do end end)
  refused("join", task.join, task)
  refused("select", mf.select, { { receive = ch } })
  refused("in a coroutine", coroutine.wrap(function() mf.yield() end))
  refused("in a sort", function() table.sort({ 2, 1 }, function() mf.yield() end) end)
  assert(task:join())
end
all()
assert(mf.spawn(all):join())
assert(coroutine.wrap(function()
  all()
  return true
end)())
assert(collectgarbage "isrunning")
