-- The classics: the sieve, permutations, producer and consumer, walking a tree.
local check = require "check"

check.everywhere(function()
  local function generate(n) return coroutine.wrap(function() for i = 2, n do coroutine.yield(i) end end) end
  local function filter(p, g)
    return coroutine.wrap(function()
      for n in g do
        if n % p ~= 0 then coroutine.yield(n) end
      end
    end)
  end
  local primes, g = {}, generate(60)
  for p in function() return g() end do
    primes[#primes + 1] = p
    g = filter(p, g)
  end
  assert(table.concat(primes, " ") == "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59")

  local function permgen(a, n)
    n = n or #a
    if n <= 1 then
      coroutine.yield(a)
    else
      for i = 1, n do
        a[n], a[i] = a[i], a[n]
        permgen(a, n - 1)
        a[n], a[i] = a[i], a[n]
      end
    end
  end
  local all = {}
  for p in coroutine.wrap(function() permgen { 1, 2, 3 } end) do all[#all + 1] = table.concat(p) end
  assert(table.concat(all, " ") == "231 321 312 132 213 123")

  local producer = coroutine.create(function()
    for _, line in ipairs { "a", "b", "c" } do coroutine.yield(line) end
  end)
  local got = {}
  while true do
    local _, line = coroutine.resume(producer)
    if not line then break end
    got[#got + 1] = line
  end
  assert(table.concat(got) == "abc")

  local function walk(tree)
    if tree then
      walk(tree.left)
      coroutine.yield(tree.value)
      walk(tree.right)
    end
  end
  local tree, sum = { value = 2, left = { value = 1 }, right = { value = 3 } }, ""
  for v in coroutine.wrap(function() walk(tree) end) do sum = sum .. v end
  assert(sum == "123")
end)
