-- Async and await, as they are often simulated with bare coroutines, made to work.
--
-- A bare `coroutine.resume` returns at the first yield, so the usual simulation prints only "started". Here
-- async is a task and await is a join: it waits for the end, returns the results, and rethrows errors.

local mf = require "moonfleet"

local function async(fn, ...)
  return mf.spawn(fn, ...)
end

local function await(task)
  local results = table.pack(task:join())
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

local task = async(function(name)
  print(name .. " started")
  mf.sleep(0.002)
  print(name .. " completed")
  return name, 42
end, "async task")
print("awaited:", await(task))

-- Two that overlap: each needs what the other has, so neither could end before the other has begun.
local port, starboard = mf.channel(), mf.channel()
local both = {
  async(function() port:send("from port") return starboard:receive() end),
  async(function() local heard = port:receive() starboard:send("from starboard") return heard end),
}
for _, one in ipairs(both) do print("overlapped:", await(one)) end

local failing = async(function() error("went aground", 0) end)
local ok, message = pcall(await, failing)
print("error:", ok, (message:match("^[^\n]*")))
