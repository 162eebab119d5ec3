-- nil, "timeout" not before its time; nil, "default" at once; an arm that is ready beats both.
local mf = require "moonfleet"
local check = require "check"

local ch, ready = mf.channel(), mf.channel(4)
local before = mf.now()
check.same(check.list(nil, "timeout"), mf.select { { receive = ch }, timeout = 0.01 })
assert(mf.now() - before >= 0.01)
check.same(check.list(nil, "timeout"), mf.select { { receive = ch }, timeout = 0 })
check.same(check.list(nil, "timeout"), mf.select { { receive = ch }, timeout = -1 })
check.same(check.list(nil, "timeout"), mf.select { timeout = 0.001 })
check.same(check.list(nil, "default"), mf.select { { receive = ch }, { send = ch, 1 }, default = true })
check.same(check.list(nil, "default"), mf.select { default = true })
check.same(check.list(nil, "default"), mf.select { { receive = ch }, default = true, timeout = 60 })
check.same(check.list(nil, "timeout"), mf.select { { receive = ch }, default = false, timeout = 0 })
for _ = 1, 4 do ready:send(1) end
check.same(check.list(1, 1), mf.select { { receive = ready }, default = true })
check.same(check.list(1, 1), mf.select { { receive = ready }, timeout = 0 })
check.same(check.list(1, 1), mf.select { { receive = ready }, timeout = -1 })
check.same(check.list(1, 1), mf.select { { receive = ready }, timeout = math.huge })
