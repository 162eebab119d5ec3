-- join, await, select, all and race, whoever of them waits at that moment.
local mf = require "moonfleet"
local check = require "check"

local task = mf.spawn_named("patient", mf.sleep, 1e9)
local await = mf.spawn(function() return pcall(mf.await, task) end)
local choose = mf.spawn(function() return mf.select { { join = task } } end)
local all = mf.spawn(function() return pcall(mf.all, task) end)
local race = mf.spawn(function() return pcall(mf.race, task) end)
mf.yield()
task:cancel()
for _, waiter in ipairs { await, all, race } do
  local _, ok, err = waiter:join()
  assert(ok == false and err:find("task 'patient' was cancelled", 1, true), err)
end
check.same(check.list(true, 1, nil, "cancelled"), choose:join())
-- Nobody reports a cancel: stderr stays empty.
