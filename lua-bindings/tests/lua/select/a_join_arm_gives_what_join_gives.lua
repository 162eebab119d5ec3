-- Tasks of this state and launched ones, running and ended, good and bad.
local mf = require "moonfleet"
local check = require "check"

local never = mf.channel()
for _, start in ipairs { mf.spawn, mf.launch } do
  local gate = mf.channel()
  local task = start(function()
    gate:receive()
    return "done", nil, 7
  end)
  check.same(check.list(nil, "timeout"), mf.select { { join = task }, timeout = 0.001 })
  gate:send()
  check.same(check.list(2, true, "done", nil, 7), mf.select { { receive = never }, { join = task } })
  check.same(check.list(1, true, "done", nil, 7), mf.select { { join = task }, { receive = never } })

  local bad = start(function()
    gate:receive()
    error { code = 7 }
  end)
  mf.spawn(gate.send, gate)
  local index, ok, err = mf.select { { join = bad } }
  assert(index == 1 and ok == false and err.code == 7)
end

local selfish
selfish = mf.spawn(function() return pcall(mf.select, { { join = selfish } }) end)
local _, ok, err = selfish:join()
assert(ok == false and err:find("cannot join itself"), err)
