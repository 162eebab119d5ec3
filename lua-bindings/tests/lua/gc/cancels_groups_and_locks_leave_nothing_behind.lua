-- Tens of thousands of cancels, timeouts, groups, locks and errors: the memory of the state stays where it was.
local mf = require "moonfleet"

local function memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count"
end
local function nothing() end
mf.on_error(nothing)
local function round()
  for _ = 1, 20 do
    local waiting = mf.spawn(mf.sleep, 1e9)
    local unstarted = mf.spawn(nothing)
    mf.yield()
    waiting:cancel()
    mf.spawn(nothing):cancel()
    waiting:join()
    assert(mf.timeout(0, mf.sleep, 1e9) == nil)
    mf.timeout(1, nothing)
    mf.all(mf.spawn(nothing), unstarted)
    mf.race(mf.spawn(mf.sleep, 1e9), mf.spawn(nothing))
    pcall(coroutine.wrap(function() error "in a coroutine" end))
    mf.spawn(error, "nobody joins")
    mf.spawn(function()
      local mutex, semaphore = mf.mutex(), mf.semaphore(1)
      local _ <close> = mutex:lock()
      local _ <close> = semaphore:acquire()
      mutex:lock(0)
    end):join()
    assert(mf.current():traceback() and #mf.tasks() >= 1)
  end
  mf.yield()
end
for _ = 1, 10 do round() end
local before = memory()
for _ = 1, 200 do round() end
assert(memory() < before + 300, ("%.0f KiB became %.0f"):format(before, memory()))
assert(#mf.tasks() == 1)
-- workers: 1 2
