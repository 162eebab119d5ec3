-- Every function of the module and every method, called with every kind of wrong value: an error that names the argument,
-- and nothing worse.
local mf = require "moonfleet"

local wrong = {
  n = 13, nil, true, false, "text", -1, 0 / 0, 1e300, {}, print, io.stdout, coroutine.create(print),
  setmetatable({}, { __index = error, __len = error, __call = error, __tostring = error, __name = "trap" }), math.mininteger,
}
local objects = {
  channel = mf.channel(1), meeting = mf.channel(), task = mf.spawn(print and function() end), mutex = mf.mutex(),
  semaphore = mf.semaphore(1), condition = mf.condition(), wait_group = mf.wait_group(),
}
mf.yield()

-- What a wrong value is fine for, because it takes none, or any.
local takes_anything = {
  yield = true, now = true, current = true, tasks = true, workers = true, worker = true, mutex = true, condition = true,
  on_error = true, sleep = true, all = true, spawn_named = true,
}
local function try(name, fn, ...)
  local ok, err = pcall(fn, ...)
  if not ok then
    assert(type(err) == "string", name)
    assert(err:find("bad argument", 1, true) or err:find("bad self", 1, true) or err:find("cannot send", 1, true)
      or err:find("expected", 1, true), name .. ": " .. err)
  end
  return ok
end
for name, fn in pairs(mf) do
  for i = 1, wrong.n do
    local value = wrong[i]
    local is_fine = takes_anything[name] or value == print -- A function may be spawned.
    if name == "sleep" and type(value) == "number" and value == value and value > 0 then goto continue end
    local ok = try(name, fn, value)
    assert(is_fine or not ok or (value == nil and name ~= "join") or (type(value) == "number" and value >= 0)
      or (type(value) == "table"), ("%s(%s) was accepted"):format(name, type(value)))
    ::continue::
  end
end
mf.on_error(nil)
-- A method on what is no such object, or on one of another kind.
for kind, object in pairs(objects) do
  for name, method in pairs(getmetatable(object).__index) do
    for i = 1, wrong.n do assert(not try(kind .. "." .. name, method, wrong[i])) end
    for other, another in pairs(objects) do
      if getmetatable(another).__name ~= getmetatable(object).__name then
        assert(not try(kind .. "." .. name, method, another), kind .. "." .. name .. " took a " .. other)
      end
    end
    assert(not try(kind .. "." .. name, method))
  end
end
-- A timeout that is none.
for _, fn in ipairs { objects.channel.receive, objects.mutex.lock, objects.semaphore.acquire, objects.task.join, objects.wait_group.wait } do
  for kind, object in pairs(objects) do
    for _, timeout in ipairs { "soon", {}, print, 0 / 0, true } do assert(not try(kind, fn, object, timeout)) end
  end
end
-- A metatable is not to be had and called behind our back.
for _, object in pairs(objects) do
  local mt = debug.getmetatable(object)
  for _, value in ipairs { {}, 1, io.stdout } do
    for name, metamethod in pairs(mt) do
      if type(metamethod) == "function" then pcall(metamethod, value) end
    end
  end
  pcall(mt.__gc, object)
end
assert(objects.channel:try_send(1) and objects.channel:try_receive() == 1)
-- err:
