-- The last error counts, every variable is closed, and a cancel that is replaced is no cancel any more.
local mf = require "moonfleet"

local function closing(action) return setmetatable({}, { __close = action }) end
local log = {}
local task = mf.spawn(function()
  local _ <close> = closing(function(_, err) log[#log + 1] = "outer"; error("from outer: " .. tostring(err):match "^[^\n]*", 0) end)
  local _ <close> = closing(function() log[#log + 1] = "inner"; error("from inner", 0) end)
  error("first", 0)
end)
local ok, err = task:join()
assert(ok == false and err:find "^from outer: from inner", err)
assert(table.concat(log, ",") == "inner,outer")

task = mf.spawn(function()
  local _ <close> = closing(function() error({ code = 7 }) end)
  mf.sleep(1e9)
end)
mf.yield()
task:cancel()
ok, err = task:join()
assert(ok == false and err.code == 7 and task:status() == "failed")

-- One that waits while it is closed meets the cancel again; what does not wait is fine.
local ch = mf.channel(1)
task = mf.spawn(function()
  local _ <close> = closing(function()
    assert(not pcall(mf.sleep, 1))
    assert(ch:try_send "closed")
  end)
  mf.sleep(1e9)
end)
mf.yield()
task:cancel()
ok, err = task:join()
assert(ok == nil and err == "cancelled" and ch:try_receive() == "closed")

-- A coroutine whose closing fails, in a task.
task = mf.spawn(function()
  local co = coroutine.create(function()
    local _ <close> = closing(function() error("late", 0) end)
    coroutine.yield()
  end)
  coroutine.resume(co)
  return coroutine.close(co)
end)
local joined, closed, why = task:join()
assert(joined and closed == false and why == "late")
