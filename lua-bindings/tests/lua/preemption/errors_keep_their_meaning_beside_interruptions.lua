-- Interruptions change no result: a computation with errors, coroutines and closes gives the same beside others.
local mf = require "moonfleet"

local function compute()
  local sum, stop = 0, mf.now() + 0.1
  while mf.now() < stop do
    local ok, err = pcall(function()
      local _ <close> = setmetatable({}, { __close = function() sum = sum + 1 end })
      for i in coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i) end end) do
        if i == 4 then error { i } end
      end
    end)
    assert(not ok and err[1] == 4)
    assert(select("#", pcall(string.rep)) == 2)
    assert(("abc"):gsub("%w", "%0%0") == "aabbcc")
  end
  return sum > 0
end
local tasks = {}
for i = 1, 4 do tasks[i] = mf.spawn(compute) end
for _, task in ipairs(tasks) do
  local ok, positive = task:join()
  assert(ok and positive, positive)
end
-- workers: 1
