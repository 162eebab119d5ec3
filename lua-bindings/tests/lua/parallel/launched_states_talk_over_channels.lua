-- A ring of states passes a token; each state knows only its two channels.
local mf = require "moonfleet"

local STATES, ROUNDS = 5, 200
local links = {}
for i = 1, STATES do links[i] = mf.channel() end
local function pass(from, to)
  for token in from:iter() do
    if not to:send(token + 1) then break end
  end
  to:close()
end
local tasks = {}
for i = 1, STATES - 1 do tasks[i] = mf.launch(pass, links[i], links[i + 1]) end
local token = 0
for _ = 1, ROUNDS do
  links[1]:send(token)
  token = links[STATES]:receive()
end
links[1]:close()
for _, task in ipairs(tasks) do assert(task:join()) end
assert(token == ROUNDS * (STATES - 1))
assert(select(2, links[STATES]:receive()) == "closed")
