-- A task may wait anywhere: inside sort, gsub, tostring, an iterator, a pcall, and a coroutine of its own.
--
-- Every task has a native stack. A call that waits suspends that stack as it is, with whatever C functions
-- of Lua are on it, so none of these places is special.

local mf = require "moonfleet"

-- A comparator that asks another task which of two comes first.
local questions, answers = mf.channel(), mf.channel()
mf.spawn_named("judge", function()
  for a, b in questions:iter() do answers:send(a < b) end
end)
local list = { 5, 2, 4, 1, 3 }
table.sort(list, function(a, b)
  questions:send(a, b)
  return answers:receive()
end)
print("sorted:", table.concat(list, " "))

-- A gsub whose replacements take their time.
print("gsub:", (("a-b-c"):gsub("%a", function(letter)
  mf.sleep(0.001)
  return letter:upper()
end)))

-- A __tostring that waits.
local slow = setmetatable({}, { __tostring = function() mf.yield() return "slow but there" end })
print("tostring:", tostring(slow))

-- A generator, a stock coroutine, that waits between its values: Lua's yield stays Lua's.
local function ticks(n)
  return coroutine.wrap(function()
    for i = 1, n do
      mf.sleep(0.001)
      coroutine.yield(i)
    end
  end)
end
local seen = {}
for i in ticks(3) do seen[#seen + 1] = i end
print("ticks:", table.concat(seen, " "))

print("pcall:", pcall(function() mf.sleep(0.001) error("caught after a wait", 0) end))
questions:close()
