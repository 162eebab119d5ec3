-- The listings of Programming in Lua, fourth edition, chapter 24.
co = coroutine.create(function () print("hi") end)
print(type(co)) --> thread
print(coroutine.status(co)) --> suspended
coroutine.resume(co) --> hi
print(coroutine.status(co)) --> dead

co = coroutine.create(function (a, b, c)
  print("co", a, b, c + 2)
end)
coroutine.resume(co, 1, 2, 3) --> co 1 2 5

co = coroutine.create(function (a,b)
  coroutine.yield(a + b, a - b)
end)
print(coroutine.resume(co, 20, 10)) --> true 30 10
-- out: thread
-- out: suspended
-- out: hi
-- out: dead
-- out: co\t1\t2\t5
-- out: true\t30\t10
