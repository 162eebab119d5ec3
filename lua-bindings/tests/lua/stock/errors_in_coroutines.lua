-- Errors end a coroutine and reach its resumer; wrap adds the position and raises again.
local check = require "check"

check.everywhere(function()
  local object = {}
  check.same(check.list(false, object), coroutine.resume(coroutine.create(error), object))
  local co = coroutine.create(function() local x = nil; x() end)
  local ok, err = coroutine.resume(co)
  assert(not ok and err:find("attempt to call a nil value (local 'x')", 1, true), err)
  assert(coroutine.status(co) == "dead")
  assert(debug.traceback(co):find("in function <", 1, true))
  check.raises("in wrap", coroutine.wrap(function() error "in wrap" end))
  check.raises("cannot resume dead coroutine", function()
    local f = coroutine.wrap(function() end)
    f()
    f()
  end)
  -- An error object passes through wrap as it is.
  ok, err = pcall(coroutine.wrap(function() error(object) end))
  assert(not ok and err == object)
  -- A stack trace of an error that crossed a coroutine begins where it was raised.
  ok, err = xpcall(function() error "handled" end, debug.traceback)
  assert(not ok and err:find("handled\nstack traceback:\n\t[C]: in function 'error'", 1, true), err)
end)
