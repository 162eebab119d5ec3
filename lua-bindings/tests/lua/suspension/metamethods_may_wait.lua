-- Every metamethod may wait.
local check = require "check"

check.suspends(function(pause)
  local function gives(value)
    return function()
      pause()
      return value
    end
  end
  local mt = {
    __add = gives "add", __sub = gives "sub", __mul = gives "mul", __div = gives "div", __mod = gives "mod",
    __pow = gives "pow", __unm = gives "unm", __idiv = gives "idiv", __band = gives "band", __bor = gives "bor",
    __bxor = gives "bxor", __shl = gives "shl", __shr = gives "shr", __bnot = gives "bnot",
    __concat = gives "concat", __len = gives "len", __eq = gives(true), __lt = gives(true), __le = gives(false),
    __index = gives "index", __call = gives "call",
    __newindex = function(t, k, v)
      pause()
      rawset(t, k, v)
    end,
  }
  local a, b = setmetatable({}, mt), setmetatable({}, mt)
  assert(a + b == "add" and a - b == "sub" and a * b == "mul" and a / b == "div" and a % b == "mod")
  assert(a ^ b == "pow" and -a == "unm" and a // b == "idiv" and a & b == "band" and a | b == "bor")
  assert(a ~ b == "bxor" and a << b == "shl" and a >> b == "shr" and ~a == "bnot")
  assert(a .. b == "concat" and #a == "len" and a == b and a < b and not (a <= b))
  assert(a.missing == "index" and a() == "call")
  a.field = "set"
  assert(rawget(a, "field") == "set")
end)
