//! Short programs that every Lua engine must run: suspension, channels, select, launch.
//!
//! They keep to what Lua 5.1 and 5.4 have in common.

use std::process::Command;

/// Runs a program on one worker and on two; it must print `expected` and nothing else.
#[track_caller]
fn prints(expected: &str, program: &str) {
    for workers in ["1", "2"] {
        let output = Command::new("timeout")
            .args(["--signal=KILL", "120", env!("CARGO_BIN_EXE_moonfleet"), "-w", workers, "-e", program])
            .env_remove("LUA_INIT")
            .output()
            .expect("the interpreter starts");
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "-w {workers}: {}\n{stdout}\n{stderr}", output.status);
        assert_eq!((&*stdout, &*stderr), (expected, ""), "-w {workers}");
    }
}

#[test]
fn a_wait_is_possible_anywhere() {
    prints(
        "12345 ABC key! sum true caught\n12345 ABC key! sum true caught\n",
        r#"
        local mf = require "moonfleet"
        local function all()
          local list = { 5, 3, 4, 1, 2 }
          table.sort(list, function(a, b) mf.yield() return a < b end)
          local text = ("abc"):gsub("%w", function(c) mf.sleep(0.0001) return c:upper() end)
          local mt = {}
          function mt.__index(_, k) mf.yield() return k .. "!" end
          function mt.__add() mf.yield() return "sum" end
          function mt.__eq() mf.yield() return true end
          local a, b = setmetatable({}, mt), setmetatable({}, mt)
          local _, err = pcall(function() mf.yield() error("caught", 0) end)
          return table.concat(list) .. " " .. text .. " " .. a.key .. " " .. (a + b) .. " " .. tostring(a == b)
            .. " " .. err
        end
        local one, two = mf.spawn(all), mf.spawn(all)
        print((select(2, one:join())))
        print((select(2, two:join())))
        "#,
    );
}

#[test]
fn coroutines_keep_their_meaning_around_a_wait() {
    prints(
        "1 2 3\nfalse\n",
        r#"
        local mf = require "moonfleet"
        local function count(n)
          return coroutine.wrap(function()
            for i = 1, n do mf.yield() coroutine.yield(i) end
          end)
        end
        local task = mf.spawn(function()
          local seen = {}
          for i in count(3) do seen[#seen + 1] = i end
          return table.concat(seen, " ")
        end)
        print((select(2, task:join())))
        print((pcall(coroutine.wrap(function()
          table.sort({ 3, 2, 1 }, function() coroutine.yield() end)
        end))))
        "#,
    );
}

#[test]
fn tasks_have_results_and_errors() {
    prints(
        "true\t1\tnil\tthree\nfalse\ttrue\tfailed\nnil\ttimeout\n",
        r#"
        local mf = require "moonfleet"
        print(mf.spawn(function(...) return ... end, 1, nil, "three"):join())
        local bad = mf.spawn(function() error("broken") end)
        local ok, err = bad:join()
        print(ok, err:find("broken\nstack traceback:", 1, true) ~= nil, bad:status())
        local gate = mf.channel()
        print(mf.spawn(function() gate:receive() end):join(0.001))
        gate:send()
        "#,
    );
}

#[test]
fn channels_carry_copies_in_order() {
    prints(
        "1 4 9 16 25\nnil\tclosed\ttrue\n",
        r#"
        local mf = require "moonfleet"
        for _, capacity in ipairs { 0, 2, math.huge } do
          local ch = mf.channel(capacity)
          mf.spawn(function()
            for i = 1, 5 do ch:send(i, { i * i }) end
            ch:close()
          end)
          local seen = {}
          for i, t in ch:iter() do seen[i] = t[1] end
          if capacity == 2 then print(table.concat(seen, " ")) end
          if capacity == math.huge then
            local none, why = ch:receive()
            print(none, why, ch:len() == 0)
          end
        end
        "#,
    );
}

#[test]
fn select_takes_the_first_that_can() {
    prints(
        "2\tfrom b\n1\ttrue\nnil\ttimeout\nnil\tdefault\n1\tnil\tclosed\n2\ttrue\tdone\n",
        r#"
        local mf = require "moonfleet"
        local a, b = mf.channel(), mf.channel()
        mf.spawn(function() b:send("from b") end)
        print(mf.select { { receive = a }, { receive = b } })
        mf.spawn(function() a:receive() end)
        print(mf.select { { send = a, "x" }, { receive = b } })
        print(mf.select { { receive = a }, timeout = 0.001 })
        print(mf.select { { receive = a }, default = true })
        b:close()
        print(mf.select { { receive = b } })
        print(mf.select { { receive = a }, { join = mf.spawn(function() mf.yield() return "done" end) } })
        "#,
    );
}

#[test]
fn states_run_beside_each_other() {
    prints(
        "true\t42\tcopied\ntrue\t500500\nfalse\ttrue\n",
        r#"
        local mf = require "moonfleet"
        local base = { n = 20 }
        local task = mf.launch(function(t) return base.n + t.n, t.text end, { n = 22, text = "copied" })
        print(task:join())
        local requests = mf.channel()
        local far = mf.launch(function(requests)
          local sum = 0
          for i = 1, 1000 do
            local reply = mf.channel()
            requests:send(i, reply)
            sum = sum + reply:receive()
          end
          requests:close()
          return sum
        end, requests)
        for i, reply in requests:iter() do reply:send(i) end
        local ok, sum = far:join()
        print(ok, ("%d"):format(sum))
        local sent, err = pcall(requests.send, requests, { f = print })
        print(sent, err:find("cannot send value.f: C function", 1, true) ~= nil)
        "#,
    );
}

/// LuaJIT compiles these loops: compiled code and suspended stacks must not disturb each other.
#[test]
fn hot_loops_and_waits_mix() {
    prints(
        "8 tasks agree\n",
        r#"
        local mf = require "moonfleet"
        local function work(seed)
          local sum, list = 0, {}
          for round = 1, 50 do
            for i = 1, 2000 do sum = (sum + i * seed) % 1000003 end
            for i = 1, 20 do list[i] = (i * seed * 7919) % 101 end
            table.sort(list, function(a, b) if a % 10 == 0 then mf.yield() end return a < b end)
            for i = 2, 20 do assert(list[i - 1] <= list[i]) end
            sum = sum + #(("x"):rep(round):gsub("x", function() mf.yield() return "yy" end))
            mf.yield()
          end
          return sum
        end
        local expected, tasks = {}, {}
        for i = 1, 4 do expected[i] = work(i) end
        for i = 1, 8 do tasks[i] = (i % 2 == 0 and mf.launch or mf.spawn)(work, (i - 1) % 4 + 1) end
        for i = 1, 8 do
          local ok, sum = tasks[i]:join()
          assert(ok and sum == expected[(i - 1) % 4 + 1], sum)
        end
        print("8 tasks agree")
        "#,
    );
}

#[test]
fn a_finalizer_cannot_wait() {
    prints(
        "false\ttrue\n",
        r#"
        local mf = require "moonfleet"
        local ok, err
        local function finalize() ok, err = pcall(mf.yield) end
        if newproxy then
          getmetatable(newproxy(true)).__gc = finalize
        else
          setmetatable({}, { __gc = finalize })
        end
        collectgarbage()
        collectgarbage()
        print(ok, tostring(err):find("inside a finalizer", 1, true) ~= nil)
        "#,
    );
}

#[test]
fn thousands_of_tasks() {
    prints(
        "5000\n",
        r#"
        local mf = require "moonfleet"
        local gate, count = mf.channel(), 0
        for _ = 1, 5000 do
          mf.spawn(function()
            gate:receive()
            count = count + 1
          end)
        end
        for _ = 1, 5000 do gate:send() end
        while count < 5000 do mf.yield() end
        print(("%d"):format(count))
        "#,
    );
}

#[test]
fn a_loop_lets_others_run() {
    prints(
        "first true\nsecond true\ninside true\nhook nil\n",
        r#"
        local mf = require "moonfleet"
        -- What LuaJIT has compiled is not interrupted.
        if jit then jit.off() end
        local function beside(name, count, body)
          local goes_on, tasks = true, {}
          for i = 1, count do
            tasks[i] = mf.spawn(function() return body(function() return goes_on end) end)
          end
          for _ = 1, 3 do mf.sleep(0.001) end
          goes_on = false
          local all = true
          for i = 1, count do all = all and tasks[i]:join() end
          print(name .. " " .. tostring(all))
        end
        local function loop(goes_on) while goes_on() do end end
        beside("first", 1, loop)
        beside("second", 3, loop)
        beside("inside", 2, function(goes_on)
          coroutine.wrap(function() pcall(function() loop(goes_on) end) end)()
        end)
        print("hook " .. tostring(debug.gethook()))
        "#,
    );
}
