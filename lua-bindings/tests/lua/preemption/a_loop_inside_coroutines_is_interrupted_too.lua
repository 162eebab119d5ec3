-- Also in coroutines of the script, however they came to run, and however often they change.
local beside = require "neighbour"

beside(function(goes_on)
  local co = coroutine.create(function() while goes_on() do end end)
  assert(coroutine.resume(co))
end)
beside(function(goes_on)
  coroutine.wrap(function() coroutine.wrap(function() while goes_on() do end end)() end)()
end)
beside(function(goes_on)
  local next_one = coroutine.wrap(function() while true do coroutine.yield(goes_on()) end end)
  while next_one() do end
end)
beside(function(goes_on)
  while goes_on() do coroutine.wrap(function() for i = 1, 10 do coroutine.yield(i) end end)() end
end)
beside(function(goes_on)
  while goes_on() do pcall(coroutine.wrap(function() error "inside" end)) end
end)
beside(function(goes_on)
  while goes_on() do coroutine.close(coroutine.create(function() end)) end
end)
-- In a variable that is closed with its coroutine.
beside(function(goes_on)
  local co = coroutine.create(function()
    local _ <close> = setmetatable({}, { __close = function() while goes_on() do end end })
    coroutine.yield()
  end)
  coroutine.resume(co)
  assert(coroutine.close(co))
end)
beside(function(goes_on)
  local wrapped = coroutine.wrap(function()
    local _ <close> = setmetatable({}, { __close = function() while goes_on() do end end })
    error "and closed"
  end)
  assert(not pcall(wrapped))
end)
-- Before the first yield, and after one.
beside(function(goes_on)
  local co = coroutine.wrap(function()
    coroutine.yield()
    while goes_on() do end
  end)
  co()
  co()
end)
