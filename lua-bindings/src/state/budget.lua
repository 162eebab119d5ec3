-- Closes the ways around an instruction budget, which a count hook takes off. Lua calls no hook in a finalizer; nor in
-- an error handler, or in the `__close` of a coroutine, that runs because the hook itself has raised an error. And a
-- function in C may loop as long as it likes.
local coroutine, string, table = coroutine, string, table
local error, rawget, select, type = error, rawget, select, type
local rawlen = rawlen or function(object) return #object end

local stock_setmetatable = setmetatable
function setmetatable(object, metatable)
  if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
    error("finalizers (__gc) are not available here", 2)
  end
  return stock_setmetatable(object, metatable)
end

-- The handler runs after the fact, unless it is the one that only looks.
local pcall, stock_xpcall, traceback = pcall, xpcall, debug.traceback

local function handle(handler, ok, ...)
  if ok then return true, ... end
  return false, handler(...)
end

function xpcall(fn, handler, ...)
  if handler == traceback or type(handler) ~= "function" then return stock_xpcall(fn, handler, ...) end
  return handle(handler, pcall(fn, ...))
end

-- A coroutine that an error has ended is left as it is: nothing of it is closed.
local create, resume, status, stock_close = coroutine.create, coroutine.resume, coroutine.status, coroutine.close

local function pass(ok, ...)
  if ok then return ... end
  error((...), 0)
end

function coroutine.wrap(fn)
  local co = create(fn)
  return function(...) return pass(resume(co, ...)) end
end

function coroutine.close(co)
  if status(co) == "dead" then return true end
  return stock_close(co)
end

local stock_rep, stock_move, math_type = string.rep, table.move, math.type
local most_moved = 1e6

function string.rep(text, count, separator)
  if text == "" and (separator == nil or separator == "") then return "" end
  return stock_rep(text, count, separator)
end

function table.move(from, first, last, ...)
  if math_type(first) and math_type(last) and last - first >= most_moved then
    error("too many elements to move", 2)
  end
  return stock_move(from, first, last, ...)
end

for _, name in ipairs { "concat", "insert", "remove", "sort", "unpack" } do
  local stock = table[name]
  table[name] = function(list, ...)
    if type(list) == "table" and #list ~= rawlen(list) then error("tables with __len are not available here", 2) end
    return stock(list, ...)
  end
end
