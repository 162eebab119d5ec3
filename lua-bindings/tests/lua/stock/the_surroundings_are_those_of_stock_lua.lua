-- arg, the varargs, the standard libraries, package tables; ours is in package.preload, and nothing is patched.
local check = require "check"

assert(arg[0] == "the_surroundings_are_those_of_stock_lua.lua")
check.same(check.list("first", "second"), ...)
check.same(check.list("first", "second"), table.unpack(arg))
assert(arg[-2] == "-w" and arg[-3]:find("moonfleet", 1, true) and arg[-4] == nil)
for _, name in ipairs { "string", "table", "math", "io", "os", "coroutine", "debug", "package", "utf8" } do
  assert(type(_G[name]) == "table" and package.loaded[name] == _G[name], name)
end
local globals = {}
for name in pairs(_G) do globals[#globals + 1] = name end
table.sort(globals)
assert(table.concat(globals, " ") == "_G _VERSION arg assert collectgarbage coroutine debug dofile error getmetatable io "
  .. "ipairs load loadfile math next os package pairs pcall print rawequal rawget rawlen rawset require select "
  .. "setmetatable string table tonumber tostring type utf8 warn xpcall", table.concat(globals, " "))
assert(_VERSION == "Lua 5.4")
assert(type(package.preload.moonfleet) == "function")
local mf = require "moonfleet"
assert(package.loaded.moonfleet == mf and require "moonfleet" == mf)
check.everywhere(function()
  assert(debug.gethook() == nil)
  assert(collectgarbage("count") > 0 and collectgarbage "isrunning")
end)
-- A launched state has the same arg, and no varargs.
check.same(check.list(true, "first", 0), mf.launch(function(...) return arg[1], select("#", ...) end):join())
-- args: first second
