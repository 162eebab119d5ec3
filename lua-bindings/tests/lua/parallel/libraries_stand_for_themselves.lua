-- Library tables and _G are not copied: they are the same library of the other state.
local mf = require "moonfleet"

local names = { "string", "table", "math", "io", "os", "coroutine", "debug", "package", "utf8", "_G" }
local libraries = {}
for i, name in ipairs(names) do libraries[i] = _G[name] end
local ok, err = mf.launch(function(libraries, names, module)
  for i, name in ipairs(names) do assert(libraries[i] == _G[name], name) end
  assert(module == require "moonfleet")
  return true
end, libraries, names, mf):join()
assert(ok, err)
local ch = mf.channel(1)
ch:send(mf, _G, { string })
local m, g, t = ch:receive()
assert(m == mf and g == _G and t[1] == string)
