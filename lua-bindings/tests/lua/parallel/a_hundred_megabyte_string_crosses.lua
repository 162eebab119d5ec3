-- There and back: as an argument, over a channel, as a result.
local mf = require "moonfleet"

local size <const> = 100 * 1000 * 1000

local ch = mf.channel()
local task = mf.launch(function(text, ch)
  ch:send(#text, text:sub(-3))
  text = nil
  collectgarbage()
  return ch:receive()
end, ("x"):rep(size - 3) .. "end", ch)

local length, tail = ch:receive()
assert(length == size and tail == "end")
ch:send({ ("y"):rep(size) })
local ok, result = task:join()
assert(ok and #result[1] == size and result[1]:byte(-1) == ("y"):byte())

-- workers: 2
