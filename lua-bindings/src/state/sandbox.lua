-- Leaves a state for untrusted scripts: what computes, and nothing that reaches outside the state or around its limits.
-- What the script may do besides, the host gives it.
local allowed = {
  "_VERSION", "assert", "error", "getmetatable", "ipairs", "load", "next", "pairs", "pcall", "rawequal", "rawget",
  "rawlen", "rawset", "select", "setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall",
  "coroutine", "math", "string", "table", "utf8", "bit",
}

local globals, kept, pairs, rawget, error = _G, { _G = _G }, pairs, rawget, error
for _, name in ipairs(allowed) do kept[name] = rawget(globals, name) end
kept.os = { clock = os.clock, date = os.date, difftime = os.difftime, time = os.time }
kept.debug = { traceback = debug.traceback }

local stock_collectgarbage = collectgarbage
function kept.collectgarbage(option)
  if option ~= "count" then error("only collectgarbage 'count' is available here", 2) end
  return stock_collectgarbage "count"
end

string.dump = nil

-- Nothing is left in the tables that `require` knows either.
for name in pairs(package.loaded) do package.loaded[name] = nil end
for name in pairs(package.preload) do package.preload[name] = nil end
for name in pairs(globals) do globals[name] = nil end
for name, value in pairs(kept) do globals[name] = value end
