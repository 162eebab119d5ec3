-- Lua on all cores: each launched state counts the primes of its own part.
--
-- mf.launch runs a function in a new Lua state on another worker. The function and its arguments are
-- copied there, and its results are copied back by join.

local mf = require "moonfleet"

local function count_primes(from, to)
  local count = 0
  for n = math.max(from, 2), to do
    local prime = true
    for d = 2, math.floor(math.sqrt(n)) do
      if n % d == 0 then prime = false break end
    end
    if prime then count = count + 1 end
  end
  return count
end

local LIMIT, PARTS = 60000, 6
local parts = {}
for i = 1, PARTS do
  parts[i] = mf.launch(count_primes, (i - 1) * LIMIT // PARTS + 1, i * LIMIT // PARTS)
end

local total = 0
for i, part in ipairs(parts) do
  local ok, count = part:join()
  assert(ok, count)
  print(("part %d: %d primes"):format(i, count))
  total = total + count
end
print("in all:", total)
