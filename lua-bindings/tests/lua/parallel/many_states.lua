-- Three hundred states, fifty at a time.
local mf = require "moonfleet"

local sum = 0
for round = 0, 5 do
  local tasks = {}
  for i = 1, 50 do
    tasks[i] = mf.launch(function(n)
      local t = {}
      for k = 1, 100 do t[k] = { k } end
      return n + #t
    end, round * 50 + i)
  end
  for i = 1, 50 do
    local ok, n = tasks[i]:join()
    assert(ok, n)
    sum = sum + n - 100
  end
end
assert(sum == 300 * 301 // 2)
-- workers: 1 2 4
