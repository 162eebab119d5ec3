-- A walk through the libraries, in main and in a task: files, processes, patterns, packing, sorting, dates.
local check = require "check"

check.everywhere(function()
  local name = os.tmpname()
  local file <close> = assert(io.open(name, "w+"))
  file:write("one\n", 2, "\n")
  file:seek "set"
  assert(file:read "l" == "one" and file:read "n" == 2)
  assert(os.remove(name))
  check.same(check.list(nil, "no_such_file: No such file or directory", 2), io.open "no_such_file")
  local pipe = assert(io.popen "echo piped")
  assert(pipe:read "a" == "piped\n" and pipe:close())
  check.same(check.list(nil, "exit", 3), os.execute "exit 3")
  assert(string.unpack("<i4", string.pack("<i4", -7)) == -7)
  assert(utf8.char(228, 8364) == "ä€" and utf8.len "ä€" == 2)
  assert(os.date("!%Y", 0) == "1970" and os.time { year = 2000, month = 1, day = 1, hour = 12 } > 0)
  assert(("%5.2f|%q|%x"):format(3.14159, "a\n", 255) == " 3.14|\"a\\\n\"|ff")
  assert(table.concat({ 1, 2, 3 }, ",") == "1,2,3" and #table.pack(table.unpack({ 1, 2 }, 1, 5)) >= 2)
  assert(load("return ...", "chunk", "t", {})(5) == 5 and load "syntax error" == nil)
  assert(math.tointeger "8" == 8 or math.tointeger(8.0) == 8)
  assert(os.getenv "PATH" and os.clock() >= 0)
  local weak = setmetatable({}, { __mode = "k" })
  weak[{}] = true
  collectgarbage()
  assert(next(weak) == nil)
end)
