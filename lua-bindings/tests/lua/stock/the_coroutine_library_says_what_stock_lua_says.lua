-- Results and error texts of coroutine.*, word for word, in the main task and in a spawned one.
local check = require "check"

-- `false, text` of a call that fails; the position is that of the caller.
local function fails(text, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok or err ~= text then error(("expected '%s', got '%s'"):format(text, tostring(err)), 2) end
end

check.everywhere(function()
  for _, name in ipairs { "create", "wrap" } do
    fails(("bad argument #1 to 'coroutine.%s' (function expected, got no value)"):format(name), coroutine[name])
    fails(("bad argument #1 to 'coroutine.%s' (function expected, got number)"):format(name), coroutine[name], 1)
  end
  for _, name in ipairs { "resume", "status", "close" } do
    fails(("bad argument #1 to 'coroutine.%s' (thread expected, got function)"):format(name), coroutine[name], print)
  end
  fails("bad argument #1 to 'coroutine.resume' (thread expected, got no value)", coroutine.resume)

  local dead = coroutine.create(function() end)
  check.same(check.list(true), coroutine.resume(dead))
  check.same(check.list(false, "cannot resume dead coroutine"), coroutine.resume(dead))
  check.same(check.list(true), coroutine.close(dead))
  local wrapped = coroutine.wrap(function() end)
  wrapped()
  local ok, err = pcall(function() wrapped() end)
  assert(not ok and err:find "^the_coroutine_library.*:%d+: cannot resume dead coroutine$", err)

  local me = coroutine.running()
  check.same(check.list(false, "cannot resume non-suspended coroutine"), coroutine.resume(me))
  coroutine.wrap(function()
    assert(coroutine.status(me) == "normal")
    check.same(check.list(false, "cannot resume non-suspended coroutine"), coroutine.resume(me))
    fails("cannot close a normal coroutine", coroutine.close, me)
  end)()
  fails("cannot close a running coroutine", coroutine.close, me)

  -- Values travel, nils included, and as many as there are.
  local co = coroutine.create(function(...)
    local n = select("#", ...)
    while true do n = select("#", coroutine.yield(n, nil)) end
  end)
  check.same(check.list(true, 3, nil), coroutine.resume(co, nil, 1, nil))
  check.same(check.list(true, 0, nil), coroutine.resume(co))
  check.same(check.list(true, 200, nil), coroutine.resume(co, table.unpack({}, 1, 200)))
  local many = coroutine.wrap(function() return table.unpack({}, 1, 500) end)
  assert(select("#", many()) == 500)
  local hog = coroutine.create(function(...) return select("#", ...) end)
  check.same(check.list(true, 10000), coroutine.resume(hog, table.unpack({}, 1, 10000)))

  -- Errors: resume gives them as they are, wrap puts the position of the caller in front of text.
  local object = {}
  check.same(check.list(false, object), coroutine.resume(coroutine.create(error), object))
  check.same(check.list(false, object), pcall(coroutine.wrap(error), object))
  check.same(check.list(false, nil), coroutine.resume(coroutine.create(error)))
  check.same(check.list(false, "text"), coroutine.resume(coroutine.create(error), "text"))
  check.same(check.list(false, "text"), pcall(coroutine.wrap(error), "text"))
  ok, err = pcall(function() coroutine.wrap(error)("text") end)
  assert(not ok and err:find "^the_coroutine_library.*:%d+: text$", err)
  ok, err = pcall(function()
    coroutine.wrap(function() coroutine.wrap(function() error("deep", 0) end)() end)()
  end)
  assert(not ok and err:find "^the_coroutine_library[^:]*:%d+: the_coroutine_library[^:]*:%d+: deep$", err)

  -- Closing: variables are closed in the right order; an error in one replaces the other.
  local log = {}
  local function closing(name, action)
    return setmetatable({}, { __close = function(_, e)
      log[#log + 1] = name .. " " .. tostring(e)
      if action then action() end
    end })
  end
  local function suspended(...)
    local values = { ... }
    local co = coroutine.create(function()
      local _ <close> = values[1]
      local _ <close> = values[2]
      coroutine.yield()
    end)
    assert(coroutine.resume(co))
    return co
  end
  co = suspended(closing "a", closing "b")
  check.same(check.list(true), coroutine.close(co))
  assert(coroutine.status(co) == "dead" and table.concat(log, ",") == "b nil,a nil")
  log = {}
  co = suspended(closing "a", closing("b", function() error("oops", 0) end))
  check.same(check.list(false, "oops"), coroutine.close(co))
  assert(coroutine.status(co) == "dead" and table.concat(log, ",") == "b nil,a oops")
  check.same(check.list(true), coroutine.close(co))
  log = {}
  wrapped = coroutine.wrap(function()
    local _ <close> = closing "a"
    error("first", 0)
  end)
  check.same(check.list(false, "first"), pcall(wrapped))
  assert(log[1] == "a first")
  log = {}
  wrapped = coroutine.wrap(function()
    local _ <close> = closing("a", function() error("second", 0) end)
    error("first", 0)
  end)
  check.same(check.list(false, "second"), pcall(wrapped))
  -- A failed coroutine that was resumed keeps its error until it is closed.
  co = coroutine.create(function()
    local _ <close> = closing "late"
    error("kept", 0)
  end)
  log = {}
  check.same(check.list(false, "kept"), coroutine.resume(co))
  assert(#log == 0 and coroutine.status(co) == "dead")
  check.same(check.list(false, "kept"), coroutine.close(co))
  assert(log[1] == "late kept")

  -- Who runs, and whether it may yield.
  local thread, is_main = coroutine.running()
  assert(type(thread) == "thread" and coroutine.status(thread) == "running")
  coroutine.wrap(function()
    local inner, inner_is_main = coroutine.running()
    assert(inner ~= thread and not inner_is_main and coroutine.isyieldable())
    assert(coroutine.isyieldable(inner) and debug.traceback(inner) ~= nil)
  end)()
  assert(coroutine.isyieldable(coroutine.create(print)) and (is_main or not is_main))

  -- Names in tracebacks.
  local trace
  pcall(coroutine.resume, coroutine.create(function() trace = debug.traceback() end))
  assert(trace:find "stack traceback:")
  local function named() return debug.traceback(thread) end
  trace = coroutine.wrap(named)()
  assert(select(2, coroutine.resume(coroutine.create(function() return debug.traceback(thread) end))):find("'coroutine.resume'", 1, true))
end)
