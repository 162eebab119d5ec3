-- A closed arm fires with nil and "closed", whether it was closed before or is closed during the wait.
local mf = require "moonfleet"
local check = require "check"

local open, closed = mf.channel(), mf.channel()
closed:close()
check.same(check.list(2, nil, "closed"), mf.select { { receive = open }, { receive = closed } })
check.same(check.list(2, nil, "closed"), mf.select { { receive = open }, { send = closed, 1 } })
check.same(check.list(1, nil, "closed"), mf.select { { receive = closed }, default = true })

for _, kind in ipairs { "receive", "send" } do
  local later = mf.channel()
  mf.spawn(function()
    mf.sleep(0.001)
    later:close()
  end)
  check.same(check.list(2, nil, "closed"), mf.select { { receive = open }, { [kind] = later, "message" } })
end

local drained = mf.channel(1)
drained:send("last")
drained:close()
check.same(check.list(1, "last"), mf.select { { receive = drained } })
check.same(check.list(1, nil, "closed"), mf.select { { receive = drained } })
