-- A channel may have waited-on sends, receives and selects, and a message inside, when it first leaves its state:
-- by launch, inside a message, or inside a table. Nobody and nothing is lost.
local mf = require "moonfleet"
local check = require "check"

local function by_launch(ch, far) return mf.launch(far, ch) end
local function by_message(ch, far)
  local post = mf.channel()
  local task = mf.launch(function(post, far) return far(post:receive()) end, post, far)
  post:send(ch)
  return task
end
local function in_a_table(ch, far)
  return mf.launch(function(t) return t.far(t.inner[1]) end, { far = far, inner = { ch } })
end
local function as_upvalue(ch, far)
  return mf.launch(function() return far(ch) end)
end

for _, leave in ipairs { by_launch, by_message, in_a_table, as_upvalue } do
  for _, capacity in ipairs { 0, 1, 2, math.huge } do
    -- Receivers of every kind wait here, the sender is far.
    local ch, tasks = mf.channel(capacity), {}
    tasks[1] = mf.spawn(function() return ch:receive() end)
    tasks[2] = mf.spawn(function() return ch:receive(60) end)
    tasks[3] = mf.spawn(function() return select(2, mf.select { { receive = ch }, { receive = mf.channel() } }) end)
    tasks[4] = mf.spawn(function() for v in ch:iter() do return v end end)
    tasks[5] = mf.spawn(function() return coroutine.wrap(function() return ch:receive() end)() end)
    mf.yield()
    local far = leave(ch, function(ch) for i = 1, 5 do assert(ch:send(i)) end end)
    local sum = 0
    for i = 1, 5 do
      local ok, value = tasks[i]:join()
      assert(ok, value)
      sum = sum + value
    end
    assert(sum == 15)
    assert(far:join())

    -- Senders wait here, with what is inside before them; the receiver is far.
    ch = mf.channel(capacity)
    local inside = math.min(capacity, 2)
    for i = 1, inside do ch:send("inside", i) end
    local first = mf.spawn(function() return ch:send("first", {}) end)
    local second = mf.spawn(function() return select(2, mf.select { { send = ch, "second" } }) end)
    mf.yield()
    far = leave(ch, function(ch)
      local words = {}
      for i = 1, 4 do words[i] = ch:receive(i > 2 and 0 or nil) end
      return table.concat(words, " ")
    end)
    if capacity == 0 then
      check.same(check.list(true, "first second"), far:join())
    end
    check.same(check.list(true, true), first:join())
    check.same(check.list(true, true), second:join())
    local ok, words = far:join()
    assert(ok, words)

    -- Closed before it leaves, or closed from afar.
    ch = mf.channel(capacity)
    ch:close()
    check.same(check.list(true, nil, "closed"), leave(ch, function(ch) return ch:receive() end):join())
    ch = mf.channel(capacity)
    local waiter = mf.spawn(function() return ch:receive() end)
    mf.yield()
    check.same(check.list(true, true), leave(ch, function(ch) return ch:close() end):join())
    check.same(check.list(true, nil, "closed"), waiter:join())
  end
end
