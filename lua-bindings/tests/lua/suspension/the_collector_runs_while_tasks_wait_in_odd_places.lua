-- Full collections while tasks wait in comparators, callbacks and coroutines free nothing that is in use.
local mf = require "moonfleet"

local results, N = mf.channel(), 100
for i = 1, N do
  mf.spawn(function()
    local list = {}
    for k = 1, 10 do list[k] = (i * k * 7919) % 101 end
    table.sort(list, function(a, b)
      if a % 10 == 0 then mf.yield() end
      return a < b
    end)
    for k = 2, 10 do assert(list[k - 1] <= list[k]) end
    local text = ("x"):rep(10):gsub("x", function()
      mf.yield()
      return tostring(i)
    end)
    assert(text == tostring(i):rep(10))
    local inner = mf.channel()
    mf.spawn(function() inner:send { i, { i } } end)
    local value = coroutine.wrap(function() return inner:receive()[2][1] end)()
    results:send(value)
    if i % 10 == 0 then collectgarbage() end
  end)
end
local sum = 0
for _ = 1, N do sum = sum + results:receive() end
assert(sum == N * (N + 1) / 2)
