-- With the error, its traceback, and the task; text without the traceback under it.
local mf = require "moonfleet"

local seen = {}
local function handler(...)
  mf.yield() -- It may wait.
  seen[#seen + 1] = table.pack(...)
end
assert(mf.on_error(handler) == nil)
local object = setmetatable({}, { __tostring = function() return "an object" end })
local text = mf.spawn_named("text", function() error "lost" end)
local thing = mf.spawn_named("thing", function() error(object) end)
local none = mf.spawn_named("none", function() error() end)
local deep = mf.spawn_named("deep", function()
  local function inside() error("in there", 0) end
  coroutine.wrap(function() coroutine.wrap(inside)() end)()
end)
local joined = mf.spawn(function() error "seen to" end)
joined:join()
local cancelled = mf.spawn(mf.sleep, 1e9)
mf.yield()
cancelled:cancel()
mf.sleep(0.005)

assert(#seen == 4)
local function is(n, err, task)
  local got = seen[n]
  assert(got.n == 3 and got[3] == task and got[2]:find "^stack traceback:\n", got[2])
  assert(got[1] == err or (type(got[1]) == "string" and got[1]:find(err)), tostring(got[1]))
  return got[2]
end
is(1, "^errors_nobody_joins_go_to_on_error.lua:%d+: lost$", text)
is(2, object, thing)
is(3, nil, none)
local story = is(4, "in there$", deep)
local _, coroutines = story:gsub("%(in a coroutine resumed by%)", "")
assert(coroutines == 2 and story:find("'inside'", 1, true) or story:find("in upvalue 'inside'", 1, true) or coroutines == 2, story)

-- An error in the handler is reported with the one that it was for; the others go on.
assert(mf.on_error(function() error "handler broken" end) == handler)
mf.spawn_named("victim", function() error "first" end)
mf.sleep(0.001)
mf.on_error(nil)
mf.spawn_named("plain", function() error "to stderr" end)
mf.spawn_named("object", function() error(object) end)
mf.sleep(0.001)
assert(not pcall(mf.on_error, 1))
-- err: on_error failed: errors_nobody_joins_go_to_on_error.lua:
-- err: handler broken
-- err: task 'victim' failed: errors_nobody_joins_go_to_on_error.lua:
-- err: task 'plain' failed: 
-- err: task 'object' failed: an object
-- err: stack traceback:
