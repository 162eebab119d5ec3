-- The __close of a variable may wait, at the end of its block, after an error and in coroutine.close.
local check = require "check"

check.suspends(function(pause)
  local log = {}
  local function closing(name)
    return setmetatable({}, {
      __close = function(_, err)
        pause()
        log[#log + 1] = name .. tostring(err)
      end,
    })
  end
  do
    local _ <close> = closing "a"
    local _ <close> = closing "b"
  end
  pcall(function()
    local _ <close> = closing "c"
    error("!", 0)
  end)
  local co = coroutine.create(function()
    local _ <close> = closing "d"
    coroutine.yield()
  end)
  coroutine.resume(co)
  assert(coroutine.close(co))
  for _ in function(_, i) if not i then return 1 end end, nil, nil, closing "e" do end
  assert(table.concat(log, " ") == "bnil anil c! dnil enil", table.concat(log, " "))
end)
