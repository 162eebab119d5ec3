-- 200,000 replies between states: the owner is here, clients are here and on another worker.
local mf = require "moonfleet"

local requests = mf.channel()
local CLIENTS, ROUNDS = 20, 5000

mf.spawn(function()
  for id, round, reply in requests:iter() do assert(reply:send(id, round)) end
end)

local function state(first, last, rounds, requests)
  local tasks, total = {}, 0
  for id = first, last do
    tasks[id] = mf.spawn(function()
      local sum = 0
      for round = 1, rounds do
        -- With room for the reply the owner need not wait for a far client; now and then it does.
        local reply = mf.channel(round % 50 == 0 and 0 or 1)
        assert(requests:send(id, round, reply))
        local who, which = reply:receive()
        assert(who == id and which == round, "a reply went astray")
        assert(select(2, reply:try_receive()) == "empty", "a reply came twice")
        sum = sum + id * which
      end
      return sum
    end)
  end
  for id = first, last do
    local ok, sum = tasks[id]:join()
    assert(ok, sum)
    total = total + sum
  end
  return total
end

local far = mf.launch(state, 1, CLIENTS, ROUNDS, requests)
local near = state(CLIENTS + 1, 2 * CLIENTS, ROUNDS, requests)
local ok, there = far:join()
assert(ok, there)
local ids = 2 * CLIENTS * (2 * CLIENTS + 1) // 2
assert(near + there == ids * (ROUNDS * (ROUNDS + 1) // 2), "replies were lost")
requests:close()
-- workers: 1 2
