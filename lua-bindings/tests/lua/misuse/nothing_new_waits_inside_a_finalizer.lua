-- Sends, locks and joins inside a __gc are errors, and leave everything as it was.
local mf = require "moonfleet"

local ch, full, lock, free, group, condition = mf.channel(), mf.channel(1), mf.mutex(), mf.mutex(), mf.wait_group(1), mf.condition()
full:send(1)
local holder = mf.spawn(function()
  local _ <close> = lock:lock()
  mf.sleep(0.01)
end)
local sleeper = mf.spawn(mf.sleep, 0.01)
mf.yield()
local tries = {
  function() ch:send(1) end,
  function() full:send(1) end,
  function() full:send({}) end,
  function() ch:receive() end,
  function() lock:lock() end,
  function() group:wait() end,
  function() sleeper:join() end,
  function() mf.await(sleeper) end,
  function() mf.all(sleeper) end,
  function() mf.race(sleeper) end,
  function() mf.timeout(1, print) end,
  function() mf.yield() end,
  function() mf.sleep(0) end,
  function() mf.select { { receive = ch } } end,
  function()
    free:lock()
    local ok, err = pcall(condition.wait, condition, free)
    assert(free:is_locked())
    free:unlock()
    error(err, 0)
  end,
}
local errors, done = {}, false
setmetatable({}, { __gc = function()
  for i, try in ipairs(tries) do errors[i] = select(2, pcall(try)) end
  -- And what does not wait works.
  assert(mf.current() and #mf.tasks() >= 2 and sleeper:traceback() and sleeper:status() == "waiting")
  mf.spawn(function() done = true end)
  assert(mf.spawn(error):cancel())
end })
collectgarbage()
collectgarbage()
for i = 1, #tries do assert(tostring(errors[i]):find("attempt to wait inside a finalizer", 1, true), i .. tostring(errors[i])) end
assert(holder:join() and sleeper:join())
mf.sleep(0.001)
assert(done and full:len() == 1 and not lock:is_locked())
