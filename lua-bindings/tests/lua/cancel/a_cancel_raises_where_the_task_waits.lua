-- The error comes out of the call that waits, whatever that is; variables are closed, and the joiner learns it.
local mf = require "moonfleet"

local ch, full, lock, never = mf.channel(), mf.channel(1), mf.mutex(), mf.channel()
full:send("full")
lock:lock()
local waits = {
  sleep = function() mf.sleep(1e9) end,
  yield = function() while true do mf.yield() end end,
  receive = function() ch:receive() end,
  ["receive with timeout"] = function() ch:receive(1e9) end,
  send = function() ch:send(1) end,
  ["send of a table"] = function() ch:send({}) end,
  ["send to a full one"] = function() full:send(1) end,
  iterate = function() for _ in never:iter() do end end,
  select = function() mf.select { { receive = ch }, { send = full, 1 } } end,
  ["select with timeout"] = function() mf.select { { receive = ch }, timeout = 1e9 } end,
  ["select of a task"] = function() mf.select { { join = mf.current() == nil or mf.spawn(mf.sleep, 0.001) }, { receive = ch } } ch:receive() end,
  lock = function() lock:lock() end,
  acquire = function() mf.semaphore(0):acquire() end,
  condition = function()
    local m = mf.mutex()
    local _ <close> = m:lock()
    mf.condition():wait(m)
  end,
  ["wait group"] = function() mf.wait_group(1):wait() end,
  ["in a coroutine"] = function() coroutine.wrap(function() ch:receive() end)() end,
  ["in a comparator"] = function() table.sort({ 3, 2, 1 }, function() ch:receive() end) end,
  ["in a gsub"] = function() return (("x"):gsub("x", function() ch:receive() end)) end,
}
for name, wait in pairs(waits) do
  local closed, text
  local task = mf.spawn(function()
    local _ <close> = setmetatable({}, { __close = function(_, err) closed, text = true, err end })
    wait()
    error("it must not come here: " .. name)
  end)
  for _ = 1, 3 do mf.yield() end
  mf.sleep(0.003)
  assert(task:cancel() == true, name)
  assert(task:cancel() == false, name)
  local ok, why = task:join()
  assert(ok == nil and why == "cancelled", name .. ": " .. tostring(why))
  assert(task:status() == "cancelled" and closed and text:find("cancelled", 1, true), name)
  assert(task:cancel() == false)
end
