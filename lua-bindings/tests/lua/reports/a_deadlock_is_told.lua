-- When every task of every state waits for another, the process says where each of them is, and fails.
local mf = require "moonfleet"

local ch = mf.channel()
mf.spawn_named("reader", function() coroutine.wrap(function() ch:receive() end)() end)
mf.launch { name = "far", fn = function(ch) ch:receive() end, args = { ch } }
local lock = mf.mutex():lock()
mf.spawn_named("locker", function() lock:lock() end)
mf.spawn_named("group", function() mf.wait_group(1):wait() end)
mf.sleep(0.05)
mf.spawn_named("last", function() ch:receive() end):join()
-- exit: 1
-- err: moonfleet: deadlock: every task waits for another one, and nothing else can wake them
-- err: task 'main' of the state on worker 1 waits (join)
-- err: task 'reader' of the state on worker 1 waits (receive)
-- err: (in a coroutine resumed by)
-- err: task 'locker' of the state on worker 1 waits (mutex)
-- err: task 'group' of the state on worker 1 waits (wait_group)
-- err: task 'last' of the state on worker 1 waits (receive)
-- err: task 'far' of the state on worker
-- err: in method 'receive'
-- err: a_deadlock_is_told.lua:11: in main chunk
