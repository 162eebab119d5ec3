-- 200,000 replies in one state: each reaches the task that asked, once, and none is lost.
local mf = require "moonfleet"

local requests = mf.channel()
local CLIENTS, ROUNDS = 100, 2000

mf.spawn(function()
  for id, round, reply in requests:iter() do assert(reply:send(id, round)) end
end)

local clients = {}
for id = 1, CLIENTS do
  clients[id] = mf.spawn(function()
    local sum = 0
    for round = 1, ROUNDS do
      local reply = mf.channel()
      assert(requests:send(id, round, reply))
      local who, which = reply:receive()
      assert(who == id and which == round, "a reply went astray")
      sum = sum + which
    end
    return sum
  end)
end
for id = 1, CLIENTS do
  local ok, sum = clients[id]:join()
  assert(ok and sum == ROUNDS * (ROUNDS + 1) // 2, sum)
end
requests:close()
-- workers: 1 2
