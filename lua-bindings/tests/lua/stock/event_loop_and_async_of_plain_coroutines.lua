-- Programs that build an event loop and async/await from plain coroutines do what the stock interpreter does.
local function loop()
  local events = {}
  local function add(event) table.insert(events, event) end
  local function run()
    while #events > 0 do coroutine.resume(table.remove(events, 1)) end
  end
  add(coroutine.create(function()
    print "Event 1: Start"
    coroutine.yield()
    print "Event 1: End"
  end))
  run()
end

local function async_await()
  local async = coroutine.create
  local function await(co)
    local status, result = coroutine.resume(co)
    if not status then error(result) end
    return result
  end
  await(async(function()
    print "Async task started"
    coroutine.yield()
    print "Async task completed"
  end))
end

loop()
async_await()
assert(require "moonfleet".spawn(function()
  loop()
  async_await()
end):join())
-- out: Event 1: Start
-- out: Async task started
-- out: Event 1: Start
-- out: Async task started
