-- mf.current, mf.tasks and task:traceback, in coroutines and out of them.
local mf = require "moonfleet"
local check = require "check"

local me = mf.current()
assert(me == mf.current() and me:name() == "main" and me:status() == "running" and tostring(me) == "task: main")
local ch, child = mf.channel(), nil
local function inner_most() ch:receive() end
child = mf.spawn_named("child", function()
  assert(mf.current() == child and coroutine.wrap(mf.current)() == child)
  coroutine.wrap(function() inner_most() end)()
end)
assert(child:traceback() == "stack traceback:")
mf.yield()
local trace = child:traceback()
assert(trace:find("in upvalue 'inner_most'", 1, true) or trace:find("'inner_most'", 1, true), trace)
assert(trace:find("(in a coroutine resumed by)", 1, true) and trace:find "^stack traceback:\n\t%[C%]: in method 'receive'", trace)
assert(me:traceback():find "^stack traceback:\n\ttasks_say_where_they_are.lua:%d+: in main chunk", me:traceback())

local function shape()
  local names = {}
  for i, entry in ipairs(mf.tasks()) do
    assert(entry.task:name() == entry.name and entry.task:status() == entry.status and entry.age >= 0)
    names[i] = entry.name .. " " .. entry.status .. " " .. tostring(entry.waits_for)
  end
  return table.concat(names, ", ")
end
local sleeper = mf.spawn_named("sleeper", mf.sleep, 0.001)
assert(shape() == "main running nil, child waiting receive, sleeper ready nil", shape())
mf.yield()
assert(shape() == "main running nil, child waiting receive, sleeper waiting sleep", shape())
ch:send()
child:join()
sleeper:join()
assert(shape() == "main running nil" and child:traceback() == nil)

-- A failed task tells where it failed.
local bad = mf.spawn(function() error {} end)
bad:join()
assert(bad:traceback():find("tasks_say_where_they_are.lua:", 1, true))
local far = mf.launch(function()
  local mf = require "moonfleet"
  return mf.current():name(), #mf.tasks(), mf.current():status()
end)
check.same(check.list(true, far:name(), 1, "running"), far:join())
assert(far:traceback() == nil)
-- Nobody joins the main task by mistake, but others may.
check.raises("a task cannot join itself", function() me:join() end)
local joiner = mf.spawn(function() return me:join(0) end)
check.same(check.list(true, nil, "timeout"), joiner:join())
