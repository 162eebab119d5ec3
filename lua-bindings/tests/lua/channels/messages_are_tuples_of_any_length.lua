-- No value, nils at any place, and hundreds of values arrive as they were sent.
local mf = require "moonfleet"
local check = require "check"

local ch = mf.channel(1)
local function arrives(...)
  assert(ch:send(...))
  check.same(check.list(...), ch:receive())
end
arrives()
arrives(nil)
arrives(nil, nil, nil, nil, nil)
arrives(1, nil, "three", nil)
arrives(nil, 2)
arrives(true, false, 0, -0.0, 1.5, math.maxinteger, math.mininteger, math.huge, "", "\0", "\0a\0")
for length = 10, 20 do arrives(("x"):rep(length)) end
arrives(("long"):rep(100000))
local many = {}
for i = 1, 250 do many[i] = i % 7 ~= 0 and i or nil end
arrives(table.unpack(many, 1, 250))
assert(math.type((ch:send(1.0) and ch:receive())) == "float")
