-- The stateful program for cosock: one task owns a table, a hundred readers and ten writers ask it
-- over two channels, and each operation brings a new reply channel.
--
-- Prints the three lines every peer of this benchmark prints. cosock has one thread and its channels
-- are unbounded, so a client is held back by the wait for its reply and not by the send.
--
-- usage: lua stateful.lua [--saturated] [--seconds S]

-- cosock loads LuaSec even for programs without TLS; an empty module lets it start without.
if not pcall(require, "ssl") then
  package.preload.ssl = function() return {} end
end

local cosock = require "cosock"
local socket = cosock.socket

local READERS, WRITERS, KEYS = 100, 10, 5

local saturated, seconds = false, 1
local index = 1
while arg[index] do
  if arg[index] == "--saturated" then
    saturated = true
  elseif arg[index] == "--seconds" then
    index = index + 1
    seconds = assert(tonumber(arg[index]), "--seconds asks for a number")
  else
    io.stderr:write("stateful.lua: unknown argument ", arg[index], "\n")
    os.exit(2)
  end
  index = index + 1
end

local read_ops, write_ops = 0, 0
local reads_tx, reads_rx = cosock.channel.new()
local writes_tx, writes_rx = cosock.channel.new()

local function answer_read(state, op) op.resp:send(state[op.key] or 0) end

local function answer_write(state, op)
  state[op.key] = op.val
  op.resp:send(true)
end

local answer = { [reads_rx] = answer_read, [writes_rx] = answer_write }

cosock.spawn(function()
  local state = {}
  while true do
    local ready = socket.select({ reads_rx, writes_rx })
    for _, rx in ipairs(ready) do answer[rx](state, rx:receive()) end
  end
end, "owner")

-- Sends one operation and waits for its reply.
local function call(tx, op)
  local resp_tx, resp_rx = cosock.channel.new()
  op.resp = resp_tx
  tx:send(op)
  resp_rx:receive()
end

local function pause()
  if not saturated then socket.sleep(0.001) end
end

for _ = 1, READERS do
  cosock.spawn(function()
    while true do
      call(reads_tx, { key = math.random(0, KEYS - 1) })
      read_ops = read_ops + 1
      pause()
    end
  end, "reader")
end

for _ = 1, WRITERS do
  cosock.spawn(function()
    while true do
      call(writes_tx, { key = math.random(0, KEYS - 1), val = math.random(0, 99) })
      write_ops = write_ops + 1
      pause()
    end
  end, "writer")
end

cosock.spawn(function()
  local start = socket.gettime()
  socket.sleep(seconds)
  print("readOps: " .. read_ops)
  print("writeOps: " .. write_ops)
  print("elapsed: " .. (socket.gettime() - start))
  os.exit(true, false)
end, "clock")

cosock.run()
