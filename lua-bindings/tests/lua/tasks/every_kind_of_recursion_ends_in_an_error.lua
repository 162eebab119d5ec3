-- Recursion through C, through the compiler and through what this module adds, on each kind of stack: an error of Lua's
-- own, and afterwards everything works.
local mf = require "moonfleet"
local check = require "check"

local function overflows(text, fn, ...)
  local ok, err = pcall(fn, ...)
  assert(not ok)
  err = tostring(err)
  -- Lua itself says "error in error handling" when it has not yet shrunk the stack of an earlier overflow.
  assert(err:find(text) or err == "error in error handling", err)
end

local function make_tostring()
  local mt = {}
  mt.__tostring = function() return ("%s"):format(setmetatable({}, mt)) end
  return tostring(setmetatable({}, mt))
end
local function metamethod(event, use)
  local mt = {}
  mt[event] = function() return use(setmetatable({}, mt), setmetatable({}, mt)) end
  return use(setmetatable({}, mt), setmetatable({}, mt))
end
local function through_load() return load(function() return through_load() end) and nil end
local function through_close()
  local _ <close> = setmetatable({}, { __close = through_close })
end
local function through_select() return mf.select(setmetatable({}, { __index = through_select, __len = through_select })) end
local function through_iterators() for _ in through_iterators do end end
local function through_coroutines_that_close()
  local co = coroutine.create(function()
    local _ <close> = setmetatable({}, { __close = through_coroutines_that_close })
    coroutine.yield()
  end)
  assert(coroutine.resume(co))
  assert(coroutine.close(co))
end
local function through_resume() return assert(coroutine.resume(coroutine.create(through_resume))) end
local function through_unpacked_sort() table.sort({ 2, 1 }, function() return through_unpacked_sort() end) end
local function through_locks()
  local _ <close> = mf.mutex():lock()
  return 1 + through_locks()
end

local function parses(open, inside, close, n)
  return assert(load("return " .. open:rep(n) .. inside .. close:rep(n)))
end

local function all()
  overflows("overflow", make_tostring)
  overflows("overflow", metamethod, "__add", function(a, b) return a + b end)
  overflows("overflow", metamethod, "__concat", function(a, b) return a .. b end)
  overflows("overflow", metamethod, "__eq", function(a, b) return a == b end)
  overflows("overflow", metamethod, "__lt", function(a, b) return a < b end)
  overflows("overflow", metamethod, "__len", function(a) return #a end)
  overflows("overflow", metamethod, "__newindex", function(a) a.x = 1 end)
  overflows("overflow", metamethod, "__pairs", function(a) return pairs(a) end)
  overflows("overflow", through_close)
  overflows("overflow", through_iterators)
  overflows("overflow", through_coroutines_that_close)
  overflows("overflow", through_resume)
  overflows("overflow", through_unpacked_sort)
  overflows("overflow", through_locks)
  pcall(through_load)
  pcall(through_select)
  overflows("overflow", parses, "(", "1", ")", 10000)
  overflows("overflow", parses, "{", "", "}", 10000)
  overflows("overflow", parses, "function() return ", "1", " end", 10000)
  overflows("overflow", parses, "- ", "1", "", 10000)
  overflows("overflow", parses, "a .. ", "a", "", 10000)
  overflows("overflow", function() return assert(load(("do "):rep(10000) .. ("end "):rep(10000))) end)
  overflows("too complex", string.find, ("x"):rep(300000), ("x?"):rep(300000))
  overflows("loop", function()
    local t = {}
    for _ = 1, 3000 do t = setmetatable({}, { __index = t }) end
    return t.x
  end)
  -- Afterwards all is well.
  assert(("x"):rep(3) == "xxx" and coroutine.wrap(function() return 1 end)() == 1)
end
all()
assert(mf.spawn(all):join())
assert(mf.spawn(coroutine.wrap(all)):join())
assert(mf.launch(function(all)
  return all()
end, all):join())
-- workers: 2
