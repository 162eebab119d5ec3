-- Sort inside gsub inside a metamethod inside a coroutine inside pcall: all of it waits, nothing of it is lost.
local check = require "check"

check.suspends(function(pause)
  local mt = {
    __index = function(_, word)
      return (word:gsub("%a+", function(letters)
        local list = { letters:byte(1, -1) }
        table.sort(list, function(a, b)
          pause()
          return a < b
        end)
        return string.char(table.unpack(list))
      end))
    end,
  }
  local sorted = coroutine.wrap(function(words)
    local ok, text = pcall(function() return setmetatable({}, mt)[words] end)
    coroutine.yield(ok, text)
  end)
  check.same(check.list(true, "abc dfg"), sorted("cba gfd"))
end)
