-- Channels made in one state, sent through a second one, used in a third.
local mf = require "moonfleet"

local post = mf.channel()
local maker = mf.launch(function(post)
  for i = 1, 50 do
    local private = mf.channel(1)
    post:send(private, i)
    private:send("hello " .. i)
  end
  post:close()
end, post)
local office = mf.channel()
local reader = mf.launch(function(office)
  local count = 0
  for private, i in office:iter() do
    assert(private:receive() == "hello " .. i)
    count = count + 1
  end
  return count
end, office)
for private, i in post:iter() do
  office:send(private, i)
  if i % 10 == 0 then collectgarbage() end
end
office:close()
assert(maker:join())
local ok, count = reader:join()
assert(ok and count == 50, count)
