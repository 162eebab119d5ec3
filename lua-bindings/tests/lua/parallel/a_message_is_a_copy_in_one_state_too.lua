-- Wherever a message goes, changing the original afterwards changes nothing.
local mf = require "moonfleet"

local ch = mf.channel(1)
local t = { 1, { 2 } }
ch:send(t)
t[2][1] = "changed"
local copy = ch:receive()
assert(copy ~= t and copy[2][1] == 2)
