-- No reply lost, doubled or misrouted: clients in another state, on another worker, ask the owner here.
--
--     moonfleet -w 2 benches/peers/moonfleet/check.lua [operations]
--
-- Every request carries a number of its own, and the reply must be the number that belongs to it. The sums of
-- both sides must agree with each other and with the formula.

local mf = require "moonfleet"

local CLIENTS = 110
local operations = (tonumber(arg[1]) or 1000000) // CLIENTS * CLIENTS
local requests = mf.channel()

local function answer(id) return id * 7 + 3 end

local owner = mf.spawn_named("owner", function()
  local count, sum = 0, 0
  local arms = { { receive = requests } }
  while true do
    local _, id, resp = mf.select(arms)
    if id == nil then return count, sum end
    resp:send(answer(id))
    count, sum = count + 1, sum + answer(id)
  end
end)

local clients = mf.launch(function(each)
  local sum, tasks = 0, {}
  for client = 0, CLIENTS - 1 do
    tasks[client + 1] = mf.spawn(function()
      for id = client * each + 1, (client + 1) * each do
        local resp = mf.channel(1)
        assert(requests:send(id, resp))
        local got = resp:receive()
        assert(got == answer(id), ("asked %d, got %s"):format(id, tostring(got)))
        sum = sum + got
      end
    end)
  end
  for _, task in ipairs(tasks) do assert(task:join()) end
  return sum
end, operations // CLIENTS)

local ok, received = clients:join()
assert(ok, received)
requests:close()
local _, count, sent = owner:join()
local expected = operations * (operations + 1) // 2 * 7 + operations * 3
assert(count == operations and sent == expected and received == expected)
print(("%d operations: every reply reached who asked, sum %d"):format(operations, received))
