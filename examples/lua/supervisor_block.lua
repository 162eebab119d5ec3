-- block(event): a call that waits until an event occurs, and returns what came with it.
--
-- Dispatchers built on coroutines need a protocol of yields for this. Here `block` just waits, on a channel
-- of its own, and to signal is to send to all who wait.
local mf = require "moonfleet"

local waiting = {} -- event → channels of those who wait for it

local function block(event)
  local mailbox = mf.channel(1)
  waiting[event] = waiting[event] or {}
  table.insert(waiting[event], mailbox)
  return mailbox:receive()
end

-- Wakes everybody who waits for the event, and says how many they were.
local function signal(event, ...)
  local mailboxes = waiting[event] or {}
  waiting[event] = nil
  for _, mailbox in ipairs(mailboxes) do mailbox:send(event, ...) end
  return #mailboxes
end

local function process(n)
  for i = 1, n do
    local event, count = block "TICK"
    assert(event == "TICK" and count == i)
  end
end

local workers = {}
for i = 1, 10 do workers[i] = mf.spawn_named(("p%04i"):format(i), process, 12) end

local ticks = -1
repeat
  mf.yield() -- the workers run until they wait
  ticks = ticks + 1
until signal("TICK", ticks + 1) == 0
for _, worker in ipairs(workers) do assert(worker:join()) end
print("ticks: " .. ticks)
