-- A bare coroutine.yield ends the task with an error; its variables are closed.
local mf = require "moonfleet"

local closed = false
local ok, err = mf.spawn(function()
  local _ <close> = setmetatable({}, {
    __close = function()
      mf.yield()
      closed = true
    end,
  })
  coroutine.yield(1)
end):join()
assert(ok == false and err:find("attempt to yield from outside a coroutine", 1, true), err)
assert(closed)
