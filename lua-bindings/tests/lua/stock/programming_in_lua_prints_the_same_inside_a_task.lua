-- The same listings in a spawned task.
require "moonfleet".spawn(function()
  local co = coroutine.create(function() print "hi" end)
  print(type(co))
  print(coroutine.status(co))
  coroutine.resume(co)
  print(coroutine.status(co))
  co = coroutine.create(function(a, b, c) print("co", a, b, c + 2) end)
  coroutine.resume(co, 1, 2, 3)
  co = coroutine.create(function(a, b) coroutine.yield(a + b, a - b) end)
  print(coroutine.resume(co, 20, 10))
end)
-- out: thread
-- out: suspended
-- out: hi
-- out: dead
-- out: co\t1\t2\t5
-- out: true\t30\t10
