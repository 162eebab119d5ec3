-- 100 MB of text, tables as deep as allowed and one deeper, from a task that is deep in C already.
local mf = require "moonfleet"
local check = require "check"

local size = 100 * 1024 * 1024
local far = mf.launch(function(text, size) return #text == size and text end, ("x"):rep(size), size)
local ok, text = far:join()
assert(ok and #text == size)
text = nil

local function nested(depth)
  local value = {}
  for _ = 2, depth do value = { value } end
  return value
end
local ch = mf.channel(4)
local function send_all()
  assert(ch:send(nested(200)))
  check.raises("nested deeper than 200 levels", ch.send, ch, nested(201))
  check.raises("nested deeper than 200 levels", ch.send, ch, nested(100000))
  local got, depth = ch:receive(), 0
  while got do got, depth = got[1], depth + 1 end
  assert(depth == 200)
end
local function deeper(n)
  if n == 0 then return send_all() end
  return (("x"):gsub("x", function() deeper(n - 1) end))
end
check.everywhere(send_all)
check.everywhere(function() deeper(150) end)
assert(mf.spawn(coroutine.wrap(function() deeper(100) end)):join())
-- workers: 2
