-- A dispatcher in which coroutines wait for events by yielding: thousands of dispatches, in main and in a task.
local check = require "check"

local function dispatcher()
  local waiting = {}
  local function step(co, ok, verb, event)
    assert(ok, verb)
    if coroutine.status(co) == "dead" then return end
    assert(verb == "waitfor")
    waiting[event] = waiting[event] or {}
    table.insert(waiting[event], co)
  end
  local self = {}
  function self.introduce(fn, ...)
    local co = coroutine.create(fn)
    step(co, coroutine.resume(co, ...))
  end
  function self.signal(event, ...)
    local list = waiting[event] or {}
    waiting[event] = nil
    for _, co in ipairs(list) do step(co, coroutine.resume(co, event, ...)) end
    return waiting[event] ~= nil
  end
  return self
end

check.everywhere(function()
  local d, ticks = dispatcher(), 0
  local function process(n)
    for i = 1, n do
      local event, count = coroutine.yield("waitfor", "TICK")
      assert(event == "TICK" and count == i)
      ticks = ticks + 1
    end
  end
  for _ = 1, 10 do d.introduce(process, 500) end
  local n = 1
  while d.signal("TICK", n) do n = n + 1 end
  assert(n == 500 and ticks == 5000)
end)
