-- Takes out of a state what could break the memory safety of the process: precompiled chunks, C libraries, and the
-- parts of `debug` that reach into the interpreter. The rest stays as it is.
local debug, io, os, package = debug, io, os, package
local error, select = error, select
local loaded = package.loaded

local kept = { traceback = debug.traceback, getinfo = debug.getinfo, gethook = debug.gethook }
for name in pairs(debug) do debug[name] = kept[name] end

-- Text only, whatever the mode says.
local stock_load, stock_loadfile = load, loadfile
local refusal = "attempt to load a binary chunk (precompiled chunks do not load here)"

function load(chunk, name, mode, ...)
  if mode == "b" then return nil, refusal end
  return stock_load(chunk, name, "t", ...)
end

function loadfile(path, mode, ...)
  if mode == "b" then return nil, refusal end
  return stock_loadfile(path, "t", ...)
end

function dofile(path)
  local chunk, message = stock_loadfile(path, "t")
  if not chunk then error(message, 0) end
  return chunk()
end

if loadstring then
  function loadstring(chunk, name) return stock_load(chunk, name, "t") end
end

-- Modules in Lua only.
local searchers = package.searchers or package.loaders
local searchpath = package.searchpath
searchers[2] = function(name)
  local path, message = searchpath(name, package.path)
  if not path then return message end
  local chunk, why = stock_loadfile(path, "t")
  if not chunk then error(("error loading module '%s' from file '%s':\n\t%s"):format(name, path, why), 0) end
  return chunk, path
end
for n = #searchers, 3, -1 do searchers[n] = nil end
package.loadlib, package.cpath = nil, ""

-- Closing the state from inside would pull it away under its own tasks.
local stock_exit = os.exit
function os.exit(...)
  if select("#", ...) == 0 then stock_exit() else stock_exit((...)) end
end

-- LuaJIT: what gives out pointers.
for _, name in ipairs { "ffi", "jit.opt", "jit.util", "jit.profile", "string.buffer" } do
  package.preload[name], loaded[name] = nil, nil
end
if jit then
  for name, value in pairs(jit) do
    if type(value) ~= "string" and type(value) ~= "number" then jit[name] = nil end
  end
end
