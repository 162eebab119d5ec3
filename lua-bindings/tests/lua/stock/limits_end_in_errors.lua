-- The limits that the tests of Lua itself look for: nested patterns, gsub, coroutines, closes, string.rep, unpack.
local check = require "check"

-- Lua itself says "error in error handling" when it has not yet shrunk the stack of an earlier overflow.
local function overflows(fn, ...)
  local ok, err = pcall(fn, ...)
  assert(not ok and (err:find("overflow", 1, true) or err == "error in error handling"), err)
end

check.everywhere(function()
  local function nested_gsub(s) return (s:gsub(".", nested_gsub)) end
  overflows(nested_gsub, "x")
  local function nested_coroutine() return coroutine.wrap(nested_coroutine)() end
  overflows(nested_coroutine)
  overflows(function()
    local function deep() return 1 + deep() end
    deep()
  end)
  check.raises("too many results to unpack", function() return table.unpack({}, 1, 1e7) end)
  check.raises("pattern too complex", string.find, ("a"):rep(300000), ("a?"):rep(300000))
  check.raises("malformed pattern", string.find, "a", "[a")
  check.raises("resulting string too large", string.rep, "x", math.maxinteger)

  -- A thousand chained closes, one coroutine in another.
  local co
  for _ = 1, 1000 do
    local inner = co
    co = coroutine.create(function()
      local _ <close> = setmetatable({}, { __close = function() if inner then coroutine.close(inner) end end })
      coroutine.yield()
    end)
    coroutine.resume(co)
  end
  coroutine.close(co)
  assert(coroutine.status(co) == "dead")

  -- A coroutine whose stack grew to the limit is still a coroutine.
  co = coroutine.wrap(function()
    local ok, err = pcall(function()
      local function deep() return 1 + deep() end
      return deep()
    end)
    coroutine.yield(ok, err)
    return "end"
  end)
  local ok, err = co()
  assert(not ok and type(err) == "string")
  assert(co() == "end")
end)
