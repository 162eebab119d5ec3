-- From another worker; the function ends, and what it has spawned goes on.
local mf = require "moonfleet"

local tell = mf.channel(4)
local function work(tell)
  local mf = require "moonfleet"
  mf.spawn(function()
    mf.sleep(0.02)
    tell:send("the child goes on")
  end)
  local _ <close> = setmetatable({}, { __close = function() tell:try_send("closed") end })
  tell:send("ready")
  mf.channel():receive()
end
local far = mf.launch(work, tell)
assert(tell:receive() == "ready")
assert(far:cancel() and not far:cancel())
local ok, why = far:join()
assert(ok == nil and why == "cancelled" and far:status() == "cancelled")
assert(tell:receive() == "closed")
assert(tell:receive() == "the child goes on")

-- Before it has started, and in a loop.
local unstarted = mf.launch { fn = function() end, worker = mf.worker() }
assert(unstarted:cancel())
assert(select(2, unstarted:join()) == "cancelled")
local loop = mf.launch(function() while true do end end)
mf.sleep(0.005)
loop:cancel()
assert(select(2, loop:join()) == "cancelled")
local quick = mf.launch(function() return 1 end)
assert(select(2, quick:join()) == 1)
assert(not quick:cancel() and quick:status() == "done")
