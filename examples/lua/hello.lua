-- Tasks: functions that run side by side, each on a stack of its own.

local mf = require "moonfleet"

-- `spawn` queues a task and goes on. Tasks start in the order in which they were spawned, when the one that
-- is running waits: here, in `join`.
local function greet(who, times)
  for i = 1, times do
    print("hello from " .. who .. ", " .. i)
    mf.yield() -- lets the others run first
  end
  return times
end

local port = mf.spawn(greet, "port", 2)
local starboard = mf.spawn(greet, "starboard", 3)
print("main has spawned two tasks")

-- `join` waits for the end of a task. It gives true and the results ...
local _, a = port:join()
local _, b = starboard:join()
print("greetings: " .. a + b)

-- ... or false and the error, with a traceback.
local ok, err = mf.spawn(function() error("no wind", 0) end):join()
print(ok, (err:match "^[^\n]*"))
