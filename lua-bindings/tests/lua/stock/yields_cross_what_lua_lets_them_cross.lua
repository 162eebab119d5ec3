-- pcall, xpcall, metamethods, iterators and __close yield; sort, gsub and other C callers refuse to, as ever.
local mf = require "moonfleet"
local check = require "check"

check.everywhere(function()
  local co = coroutine.wrap(function()
    return pcall(function()
      local back = coroutine.yield "in pcall"
      error(back, 0)
    end)
  end)
  assert(co() == "in pcall")
  check.same(check.list(false, "back"), co "back")

  co = coroutine.wrap(function()
    return xpcall(function() error(coroutine.yield "in xpcall", 0) end, function(e) return e .. " handled" end)
  end)
  assert(co() == "in xpcall")
  check.same(check.list(false, "error handled"), co "error")

  local mt = {
    __index = function(_, k) return coroutine.yield(k) end,
    __add = function() return coroutine.yield "add" end,
    __lt = function() return coroutine.yield "lt" end,
    __eq = function() return coroutine.yield "eq" end,
    __concat = function() return coroutine.yield "concat" end,
    __call = function() return coroutine.yield "call" end,
    __close = function() coroutine.yield "close" end,
  }
  co = coroutine.wrap(function()
    local a, b <close> = setmetatable({}, mt), setmetatable({}, mt)
    local results = { a.key, a + b, a < b, a == b, a .. b, a() }
    for v in function() return coroutine.yield "for" end do results[#results + 1] = v end
    return table.unpack(results)
  end)
  for _, what in ipairs { "key", "add", "lt", "eq", "concat", "call", "for" } do
    assert(co(what ~= "key" and 1 or nil) == what, what)
  end
  assert(co "item" == "for" and co(nil) == "close")
  check.same(check.list(1, 1, true, true, 1, 1, "item"), co())

  local boundary = "attempt to yield across a C-call boundary"
  check.raises(boundary, coroutine.wrap(function() table.sort({ 3, 2, 1 }, function() coroutine.yield() end) end))
  check.raises(boundary, coroutine.wrap(function() ("x"):gsub("x", function() coroutine.yield() end) end))
  check.raises(boundary, coroutine.wrap(function()
    tostring(setmetatable({}, { __tostring = function() coroutine.yield() end }))
  end))
  check.raises(boundary, coroutine.wrap(function() assert(load(function() coroutine.yield() end)) end))
  -- A wait in the same place is fine.
  coroutine.wrap(function()
    local list = { 3, 2, 1 }
    table.sort(list, function(a, b)
      mf.yield()
      return a < b
    end)
    assert(table.concat(list) == "123")
  end)()
end)
check.raises("attempt to yield from outside a coroutine", coroutine.yield)
