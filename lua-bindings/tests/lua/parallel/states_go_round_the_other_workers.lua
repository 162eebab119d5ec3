-- workers() counts from 1; launched states take the other workers in turn, and stay where they are.
local mf = require "moonfleet"
local check = require "check"

local here, count = mf.worker(), mf.workers()
assert(count >= 1 and here >= 1 and here <= count)
local function where()
  local before = mf.worker()
  for _ = 1, 10 do
    mf.yield()
    mf.sleep(0.0001)
    assert(mf.worker() == before)
  end
  assert(select(2, mf.spawn(mf.worker):join()) == before)
  return before
end
local seen = {}
for _ = 1, count * 2 do
  local ok, worker = mf.launch(where):join()
  assert(ok, worker)
  seen[worker] = (seen[worker] or 0) + 1
end
for worker = 1, count do
  assert((seen[worker] ~= nil) == (worker ~= here or count == 1))
end
for worker = 1, count do
  check.same(check.list(true, worker), mf.launch { fn = where, worker = worker }:join())
end
