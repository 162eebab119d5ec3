-- A script that is deleted while it runs goes on, and its errors still have their positions.
local path = os.tmpname()
local file = assert(io.open(path, "w"))
file:write [[
local mf = require "moonfleet"
assert(os.remove(arg[0]))
print(select(2, mf.launch(function() return "elsewhere" end):join()))
mf.spawn(function() mf.sleep(0.001) print(debug.getinfo(1, "l").currentline) end):join()
error "at the end"
]]
file:close()
local words = {}
for i = -#arg - 10, -1 do words[#words + 1] = arg[i] and ("'%s'"):format(arg[i]) end
local pipe = assert(io.popen(table.concat(words, " ") .. " " .. path .. " 2>&1"))
local output = pipe:read "a"
local ok, _, code = pipe:close()
assert(not ok and code == 1, output)
assert(output:find("elsewhere\n4\n", 1, true) and output:find(":5: at the end\nstack traceback:", 1, true), output)
