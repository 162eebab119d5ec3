-- Closed channels, tasks that have ended, locks without anybody.
local mf = require "moonfleet"
local check = require "check"

for _, capacity in ipairs { 0, 1, 2, math.huge } do
  local ch = mf.channel(capacity)
  assert(ch:close() == true)
  check.same(check.list(nil, "closed"), ch:close())
  check.same(check.list(nil, "closed"), ch:send(1))
  check.same(check.list(nil, "closed"), ch:send({}))
  check.same(check.list(nil, "closed"), ch:try_send(1))
  check.same(check.list(nil, "closed"), ch:receive())
  check.same(check.list(nil, "closed"), ch:receive(1))
  check.same(check.list(nil, "closed"), ch:try_receive())
  assert(ch:len() == 0 and #ch == 0)
  for _ in ch:iter() do error "nothing is inside" end
  check.same(check.list(1, nil, "closed"), mf.select { { receive = ch } })
  check.same(check.list(1, nil, "closed"), mf.select { { send = ch, 1 } })
end
local ends = {
  done = mf.spawn(function() return 1 end),
  failed = mf.spawn(error, "gone", 0),
  cancelled = mf.spawn(mf.sleep, 1e9),
}
ends.cancelled:cancel()
ends.failed:join()
for status, task in pairs(ends) do
  task:join()
  assert(task:status() == status and not task:cancel())
  check.same(check.list(task:join()), task:join(0))
  assert(type(task:name()) == "string" and tostring(task):find "^task: task %d+$")
  assert(status == "failed" or task:traceback() == nil or status == "cancelled")
  assert(pcall(mf.await, task) == (status == "done"))
end
-- The thread of an ended task is no way in.
local thread
mf.spawn(function() thread = coroutine.running() end):join()
check.same(check.list(false, "cannot resume dead coroutine"), coroutine.resume(thread))
assert(coroutine.status(thread) == "dead")
check.raises("cannot send value: userdata task", function() mf.channel(1):send(ends.done) end)
check.raises("cannot send value.lock: userdata mutex", function() mf.channel(2):send { lock = mf.mutex() } end)
