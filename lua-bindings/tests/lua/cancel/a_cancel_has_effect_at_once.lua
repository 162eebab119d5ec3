-- After the cancel nothing is handed to the task any more, though it has not run yet.
local mf = require "moonfleet"

local function cancelled(wait)
  local task = mf.spawn(wait)
  mf.yield()
  assert(task:status() == "waiting")
  task:cancel()
  return task
end
for _, capacity in ipairs { 0, 1, 2, math.huge } do
  local ch = mf.channel(capacity)
  local task = cancelled(function() error("received " .. tostring(ch:receive()), 0) end)
  if capacity == 0 then
    assert(select(2, ch:try_send("lost")) == "full")
  else
    assert(ch:try_send("kept"))
    task:join()
    assert(ch:len() == 1 and ch:try_receive() == "kept")
  end
  local _, why = task:join()
  assert(why == "cancelled", why)
end
-- The message of a sender that is cancelled is not received.
local ch = mf.channel()
local task = cancelled(function() ch:send("withdrawn") end)
assert(select(2, ch:try_receive()) == "empty")
task:join()
-- A lock goes to the next.
local lock = mf.mutex()
lock:lock()
local first = cancelled(function() lock:lock() end)
local second = mf.spawn(function()
  lock:lock()
  return "got it"
end)
mf.yield()
lock:unlock()
assert(select(2, second:join()) == "got it")
assert(select(2, first:join()) == "cancelled")
-- One that was handed something before keeps it.
local ch2 = mf.channel()
local lucky = mf.spawn(function()
  local got = ch2:receive()
  return got
end)
mf.yield()
ch2:send("yours")
lucky:cancel()
assert(select(2, lucky:join()) == "yours" and lucky:status() == "done")
