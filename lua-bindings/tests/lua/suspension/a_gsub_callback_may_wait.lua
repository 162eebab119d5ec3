-- The replacement function of string.gsub may wait, also when it is a table with __index.
local check = require "check"

check.suspends(function(pause)
  local shout = function(word)
    pause()
    return word:upper()
  end
  assert(("one two three"):gsub("%w+", shout) == "ONE TWO THREE")
  local lookup = setmetatable({}, { __index = function(_, word) return shout(word) end })
  assert(("four five"):gsub("%w+", lookup) == "FOUR FIVE")
end)
