-- resume and yield pass values both ways, in any number.
local check = require "check"

check.everywhere(function()
  local co = coroutine.create(function(a, b)
    local c = coroutine.yield(a + b, a - b)
    local d, e = coroutine.yield(c * 2)
    assert(select("#", coroutine.yield()) == 0)
    return d, e, "end"
  end)
  check.same(check.list(true, 30, 10), coroutine.resume(co, 20, 10))
  check.same(check.list(true, 10), coroutine.resume(co, 5))
  check.same(check.list(true), coroutine.resume(co, "x", "y"))
  assert(coroutine.status(co) == "suspended")
  check.same(check.list(true, "x", "y", "end"), coroutine.resume(co))
  assert(coroutine.status(co) == "dead")
  check.same(check.list(false, "cannot resume dead coroutine"), coroutine.resume(co))

  local echo = coroutine.wrap(function(...)
    local args = table.pack(...)
    while true do args = table.pack(coroutine.yield(table.unpack(args, 1, args.n))) end
  end)
  for _, n in ipairs { 0, 1, 5, 50, 500, 5000 } do
    assert(select("#", echo(table.unpack({}, 1, n))) == n)
  end
end)
