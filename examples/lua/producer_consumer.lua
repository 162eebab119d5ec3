-- Producers and consumers: two make, three take, and a channel in between keeps them in step.

local mf = require "moonfleet"

-- Room for two: a producer that is ahead by more waits, so nothing piles up.
local crates = mf.channel(2)

local producers = {}
for p = 1, 2 do
  producers[p] = mf.spawn_named("producer " .. p, function()
    for n = 1, 6 do
      mf.sleep(0.0005)
      crates:send(p, n)
    end
  end)
end

-- Each crate goes to one consumer, whichever is free.
local consumers = {}
for c = 1, 3 do
  consumers[c] = mf.spawn_named("consumer " .. c, function()
    local taken = {}
    for p, n in crates:iter() do
      mf.sleep(0.001)
      taken[#taken + 1] = p .. "-" .. n
    end
    return taken
  end)
end

-- When the producers are done the channel is closed; the consumers take what is left, and end.
for _, producer in ipairs(producers) do producer:join() end
crates:close()
local all = {}
for _, consumer in ipairs(consumers) do
  local _, taken = consumer:join()
  table.move(taken, 1, #taken, #all + 1, all)
end
table.sort(all)
print(#all .. " crates: " .. table.concat(all, " "))
