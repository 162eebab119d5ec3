-- Programming in Lua's permutation generator, whose values come at their own pace.
--
-- The generator is a coroutine of Lua's own: `coroutine.yield` hands a permutation to the loop. In between,
-- it waits for a beat from another task, which no scheduler built on `coroutine.yield` could tell apart.

local mf = require "moonfleet"

local beat = mf.channel()
mf.spawn_named("drummer", function()
  for n = 1, 6 do
    mf.sleep(0.001)
    beat:send(n)
  end
end)

local function permgen(a, n)
  if n <= 1 then
    coroutine.yield(beat:receive(), a)
  else
    for i = 1, n do
      a[n], a[i] = a[i], a[n]
      permgen(a, n - 1)
      a[n], a[i] = a[i], a[n]
    end
  end
end

local function permutations(a)
  return coroutine.wrap(function() permgen(a, #a) end)
end

for n, p in permutations { "a", "b", "c" } do
  print(n .. ": " .. table.concat(p, " "))
end
