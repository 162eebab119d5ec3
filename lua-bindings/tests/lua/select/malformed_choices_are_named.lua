-- What is wrong with the table that describes a choice, by arm and field.
local mf = require "moonfleet"
local check = require "check"

local ch, task = mf.channel(), mf.spawn(function() end)
local function wrong(text, choice)
  check.raises(text, function() mf.select(choice) end)
end
wrong("bad argument #1 to 'select' (table expected, got number)", 1)
wrong("bad argument #1 to 'select' (table expected, got nil)", nil)
wrong("no arm, no timeout and no default: this would wait for ever", {})
wrong("arm 1 must be a table", { ch })
wrong("arm 2 has none of 'receive', 'send' and 'join'", { { receive = ch }, {} })
wrong("arm 1: 'receive' must be a channel", { { receive = task } })
wrong("arm 1: 'send' must be a channel", { { send = "ch", 1 } })
wrong("arm 1: 'join' must be a task", { { join = ch } })
wrong("'timeout' must be a number of seconds", { timeout = "soon" })
wrong("'timeout' must be a number of seconds", { timeout = 0 / 0 })
wrong("cannot send value: userdata", { { send = ch, io.stdout } })
-- A refused choice has touched no channel.
local full = mf.channel(1)
wrong("arm 2 must be a table", { { send = full, 1 }, "oops" })
assert(#full == 0)
