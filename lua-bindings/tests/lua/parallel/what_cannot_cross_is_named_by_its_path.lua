-- The error says which value it is: by field, index, key, upvalue, argument or result.
local mf = require "moonfleet"

local ch, file, co = mf.channel(1), io.stdout, coroutine.create(print)
local function refused(text, value)
  local function ends(ok, err, text) assert(not ok and err:sub(-#text) == text, err) end
  local sent, err = pcall(ch.try_send, ch, value)
  ends(sent, err, text)
  sent, err = pcall(mf.launch, function() end, value)
  ends(sent, err, (text:gsub("value", "argument 2", 1)))
end
refused("cannot send value: C function", print)
refused("cannot send value: coroutine", co)
refused("cannot send value: userdata FILE*", file)
refused("cannot send value: userdata task", mf.spawn(function() end))
refused("cannot send value.handlers[3]: userdata FILE*", { handlers = { 1, 2, file } })
refused("cannot send value.a.b.c: C function", { a = { b = { c = print } } })
refused('cannot send value["two words"]: coroutine', { ["two words"] = co })
refused("cannot send value[true]: C function", { [true] = print })
refused("cannot send value[1.5][-1]: C function", { [1.5] = { [-1] = print } })
refused("cannot send value (a key): C function", { [print] = 1 })
refused("cannot send value (upvalue file): userdata FILE*", function() return file end)
refused("cannot send value.f (upvalue co): coroutine", { f = function() return co end })

local ok, err = pcall(ch.try_send, ch, 1, file)
assert(not ok and err:find("cannot send argument 2: userdata FILE*", 1, true), err)
ok, err = mf.launch(function() return 1, { print } end):join()
assert(ok == false and err:find("cannot send result 2[1]: C function", 1, true), err)
-- err:
