-- However often a channel comes back, it is the same value: equal, and good as a key.
local mf = require "moonfleet"

local ch, reply = mf.channel(), mf.channel(1)
mf.spawn(function() ch:send(reply, ch, { inner = reply }) end)
local a, b, t = ch:receive()
assert(rawequal(a, reply) and rawequal(b, ch) and rawequal(t.inner, reply) and a ~= b)
local set = { [reply] = "known" }
assert(set[a] == "known")

-- It also carries itself, and comes home from another state.
reply:send(reply)
assert(rawequal(reply:receive(), reply))
local _, back = mf.launch(function(c) return c end, reply):join()
assert(rawequal(back, reply))
assert(tostring(ch):find("^channel: "), tostring(ch))
