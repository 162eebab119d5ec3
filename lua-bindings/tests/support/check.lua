-- What the scripts share: comparing results, expecting errors, and running one body in several places.
local mf = require "moonfleet"

local check = {}

-- Fails unless the values after `expected`, a list made by `check.list`, are exactly those in it.
function check.same(expected, ...)
  local n = select("#", ...)
  if n ~= expected.n then
    error(("%d values, not %d: %s"):format(n, expected.n, tostring((...))), 2)
  end
  for i = 1, n do
    local got = select(i, ...)
    if got ~= expected[i] then
      error(("value %d is %s, not %s"):format(i, tostring(got), tostring(expected[i])), 2)
    end
  end
end

-- A function of Lua, so that it can be launched.
function check.list(...) return table.pack(...) end

-- Fails unless `fn(...)` raises an error whose text contains `text`.
function check.raises(text, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok or not tostring(err):find(text, 1, true) then
    error(("expected an error with '%s', but got: %s"):format(text, tostring(err)), 2)
  end
end

-- Runs `body(pause)` in two tasks. Whenever one of them calls `pause`, the other must get its turn.
local function in_turns(body)
  local log, tasks, live = {}, {}, 2
  for id = 1, 2 do
    tasks[id] = mf.spawn(function()
      body(function()
        log[#log + 1] = id
        mf.yield()
      end)
      live = live - 1
    end)
  end
  for id = 1, 2 do assert(tasks[id]:join()) end
  assert(#log >= 4 and live == 0, "the body must pause at least twice")
  for i = 2, #log do assert(log[i] ~= log[i - 1], "one task ran twice in a row") end
end

-- Runs `body(pause)` in two tasks whose pauses wait for one another over a channel.
local function hand_in_hand(body)
  local there, back, done = mf.channel(), mf.channel(), false
  local partner = mf.spawn(function()
    body(function() back:send(there:receive()) end)
    done = true
    for _ in there:iter() do back:send(true) end
  end)
  body(function()
    there:send(true)
    assert(back:receive())
  end)
  there:close()
  back:close()
  assert(partner:join())
  assert(done)
end

-- Runs `body(pause)` where `pause` suspends: in pairs of tasks, in user coroutines inside tasks, here, and with
-- timers in place of turns. `body` pauses at least twice, and always equally often.
function check.suspends(body)
  in_turns(body)
  in_turns(function(pause) coroutine.wrap(function() body(pause) end)() end)
  hand_in_hand(body)
  body(function() mf.sleep(0.0001) end)
  body(function() assert(select(2, mf.channel():receive(0.0001)) == "timeout") end)
end

-- Runs `body` in the main task and in a spawned one.
function check.everywhere(body)
  body("main")
  assert(mf.spawn(body, "task"):join())
end

return check
