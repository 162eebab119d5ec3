-- In the handler of an xpcall, in __tostring of an error, in on_error, and in what that calls.
local mf = require "moonfleet"
local check = require "check"

check.everywhere(function()
  local ok, err = xpcall(error, function() error "again" end)
  assert(not ok and type(err) == "string", err)
  ok, err = xpcall(error, function(e) return { e } end, "wrapped")
  assert(not ok and err[1] == "wrapped")
  ok = xpcall(error, function() mf.yield() end)
  assert(not ok)
end)
-- Error objects of every kind reach the joiner as they are.
for _, object in ipairs { {}, print, coroutine.create(print), mf.channel(), io.stdout, true, 1.5 } do
  local ok, err = mf.spawn(error, object):join()
  assert(ok == false and (err == object or type(object) == "number"))
end
mf.spawn_named("mute", function() error(setmetatable({}, { __tostring = function() error "no words" end })) end)
mf.spawn_named("odd", function() error(setmetatable({}, { __tostring = function() return {} end })) end)
mf.spawn_named("named", function() error(setmetatable({}, { __name = "Oops" })) end)
mf.yield()
mf.on_error(function(err) return err.field.of.nothing end)
mf.spawn_named("first", error, {})
mf.yield()
mf.on_error(function() coroutine.yield() end)
mf.spawn_named("second", error, "text", 0)
mf.yield()
mf.on_error(function()
  local function deep() return 1 + deep() end
  return deep()
end)
local third = mf.spawn_named("third", error, "text", 0)
repeat mf.yield() until third:status() == "failed"
-- It may spawn tasks that fail, without end: here it stops by itself.
local left = 3
mf.on_error(function()
  left = left - 1
  if left > 0 then mf.spawn(error, "and again", 0) end
end)
mf.spawn(error, "begin", 0)
repeat mf.yield() until left == 0
-- It may be replaced by itself, and be cancelled while it waits.
local victim
mf.on_error(function() mf.sleep(1e9) end)
victim = mf.spawn(error, "slow", 0)
repeat mf.yield() until victim:status() == "waiting"
assert(victim:cancel())
victim:join()
-- err: task 'mute' failed: error in __tostring
-- err: task 'odd' failed: error in __tostring
-- err: task 'named' failed: Oops: 0x
-- err: on_error failed: errors_in_error_handlers.lua:
-- err: task 'first' failed: table: 0x
-- err: attempt to yield
-- err: task 'second' failed: text
-- err: task 'third' failed: text
