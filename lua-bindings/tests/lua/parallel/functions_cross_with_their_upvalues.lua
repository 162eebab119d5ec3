-- Code and upvalues: recursion, mutual recursion, variables that two functions share, library tables.
local mf = require "moonfleet"

local function there(value)
  local ok, back = mf.launch(function(v) return v end, value):join()
  assert(ok, back)
  return back
end

local count = 10
local pair = there {
  inc = function()
    count = count + 1
    return count
  end,
  get = function() return count end,
}
assert(pair.inc() == 11 and pair.get() == 11 and count == 10)

local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
assert(there(fib)(15) == 610)

local even, odd
function even(n) return n == 0 or odd(n - 1) end
function odd(n) return n ~= 0 and even(n - 1) end
assert(there(even)(100) == true and there(odd)(100) == false)

local format, str, channel = string.format, string, mf.channel(1)
assert(there(function(n) return str.format("%03d", n) end)(7) == "007")
assert(there(function() return print end)() == print, "globals are those of the state it is in")
there(function(v) channel:send(v) end)("through an upvalue")
assert(channel:receive() == "through an upvalue")
assert(format("%d", 1) == "1")

-- Varargs, defaults of load, and a function made by load.
assert(there(load "local a, b = ... return a .. b")("x", "y") == "xy")

-- Inside the other state it is a whole program.
local ok, sum = mf.launch(function()
  local ch = mf.channel()
  mf.spawn(function()
    for i = 1, 10 do ch:send(i) end
    ch:close()
  end)
  local sum = 0
  for i in ch:iter() do sum = sum + fib(i) end
  return sum
end):join()
assert(ok and sum == 143, sum)
