-- coroutine.close runs the pending __close handlers, and reports their errors.
local check = require "check"

check.everywhere(function()
  local log = {}
  local function closing(name, err)
    return setmetatable({}, {
      __close = function()
        log[#log + 1] = name
        if err then error(err, 0) end
      end,
    })
  end
  local co = coroutine.create(function()
    local _ <close> = closing "a"
    local _ <close> = closing "b"
    coroutine.yield()
  end)
  coroutine.resume(co)
  check.same(check.list(true), coroutine.close(co))
  assert(table.concat(log) == "ba" and coroutine.status(co) == "dead")
  check.same(check.list(true), coroutine.close(co))
  check.same(check.list(true), coroutine.close(coroutine.create(print)))

  co = coroutine.create(function()
    local _ <close> = closing("c", "broken")
    coroutine.yield()
  end)
  coroutine.resume(co)
  check.same(check.list(false, "broken"), coroutine.close(co))
  co = coroutine.create(error)
  coroutine.resume(co, "first")
  check.same(check.list(false, "first"), coroutine.close(co))
  check.raises("cannot close a running coroutine", function() coroutine.close(coroutine.running()) end)
end)
