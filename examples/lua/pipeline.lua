-- A pipeline: three tasks joined by channels. Each stage ends when the one before it closes its channel.

local mf = require "moonfleet"

local numbers, squares = mf.channel(), mf.channel(4)

mf.spawn_named("generator", function()
  for n = 1, 5 do numbers:send(n) end
  numbers:close()
end)

mf.spawn_named("squarer", function()
  for n in numbers:iter() do squares:send(n, n * n) end
  squares:close()
end)

for n, square in squares:iter() do
  print(n .. " squared is " .. square)
end
