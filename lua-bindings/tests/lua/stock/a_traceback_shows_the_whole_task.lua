-- debug.traceback reads as in stock Lua, and of a task it shows every frame down to its function.
local mf = require "moonfleet"

local function leaf() return debug.traceback("here") end
local function branch() return (leaf()) end
local trace = branch()
assert(trace:find("^here\nstack traceback:\n\t.-in upvalue 'leaf'\n.-in local 'branch'\n.-in main chunk"), trace)
local _, in_task = mf.spawn(function() return (branch()) end):join()
assert(in_task:find("in upvalue 'leaf'\n.-in upvalue 'branch'\n.-in function <"), in_task)
assert(debug.getinfo(1, "S").what == "main")
assert(debug.getinfo(mf.spawn, "S").what == "C")
