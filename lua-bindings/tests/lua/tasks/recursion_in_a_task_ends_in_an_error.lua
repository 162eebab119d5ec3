-- Every kind of endless recursion ends in Lua's own error, on the main task, in tasks and in their coroutines.
local mf = require "moonfleet"
local check = require "check"

local function recurse() return 1 + recurse() end
local function through_gsub(s) return (s:gsub(".", through_gsub)) end
local mt = {}
function mt.__index(t, k) return t[k .. "x"] end
local function through_index() return setmetatable({}, mt).x end
local function through_sort() table.sort({ 1, 2, 3 }, through_sort) end
local function through_coroutines() return coroutine.wrap(through_coroutines)() end
local function through_pcall() return select(2, assert(pcall(through_pcall))) end
local function through_tostring()
  return tostring(setmetatable({}, { __tostring = through_tostring }))
end
local function through_patterns() return ("x"):rep(300000):find(("x?"):rep(300000)) end
local function through_the_parser() return assert(load("return " .. ("("):rep(1000) .. "1" .. (")"):rep(1000))) end

-- Lua itself says "error in error handling" when it has not yet shrunk the stack of an earlier overflow.
local function overflows(fn, ...)
  local ok, err = pcall(fn, ...)
  assert(not ok and (err:find("overflow", 1, true) or err == "error in error handling"), err)
end

local function all()
  overflows(recurse)
  overflows(through_gsub, "x")
  overflows(through_index)
  overflows(through_sort)
  overflows(through_coroutines)
  overflows(through_pcall)
  overflows(through_tostring)
  check.raises("pattern too complex", through_patterns)
  overflows(through_the_parser)
end
all()
assert(mf.spawn(all):join())
assert(mf.spawn(coroutine.wrap(all)):join())
assert(mf.launch(all):join())
