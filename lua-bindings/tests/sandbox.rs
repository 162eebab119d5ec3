//! Scripts that nobody trusts: what they cannot reach, and that they end.

#![cfg(not(feature = "luajit"))]

use moonfleet::Runtime;
use moonfleet_lua::{Builder, Channel, Error, LuaState, Table, interrupt_long_turns};

/// Runs `body` with a new sandbox, on two workers.
fn with_sandbox(builder: fn(Builder) -> Builder, body: impl FnOnce(LuaState) + Send + 'static) {
    let runtime = interrupt_long_turns(Runtime::builder().workers(2)).build().unwrap();
    runtime.block_on(|| {
        let lua = builder(LuaState::builder().sandbox()).spawn_here().unwrap();
        body(lua.clone());
        lua.close();
    });
}

#[test]
fn nothing_leads_out() {
    with_sandbox(
        |builder| builder,
        |lua| {
            let gone = "print io require package dofile loadfile module newproxy warn arg coroutine.running_ os.execute
                os.exit os.getenv os.remove os.rename os.tmpname os.setlocale debug.getinfo debug.sethook debug.getregistry
                string.dump";
            for name in gone.split_whitespace() {
                assert!(lua.eval::<bool>(format!("{name} == nil")).unwrap(), "{name}");
            }
            for code in [
                "load('\\27Lua')()",
                "assert(load('\\27Lua', 'x', 'b'))",
                "string.format('%s', nil).dump()",
                "setmetatable({}, { __gc = function() end })",
                "collectgarbage()",
                "collectgarbage('stop')",
                "getmetatable('').__index.dump(load)",
                "table.insert(setmetatable({}, { __len = function() return 2^53 end }), 1, 1)",
                "table.move({}, 1, 2^62, 2)",
                "table.concat(setmetatable({}, { __len = function() return 2^53 end }))",
            ] {
                assert!(matches!(lua.exec(code), Err(Error::Raised(_))), "{code}: {:?}", lua.exec(code));
            }
            // What computes, computes.
            let code = "local t = setmetatable({ 3, 1, 2 }, { __index = function() return 0 end }) table.sort(t)
                local co = coroutine.wrap(function(x) coroutine.yield(x * 2) end)
                return table.concat(t, ','), t.nothing, co(21), ('%d'):format(7), load('return 1 + 1')(), #('x'):rep(5),
                    select(2, pcall(error, 'e')), os.time() > 0, collectgarbage 'count' > 0, (''):rep(1e15) == ''";
            let expected = "1,2,3 0 42 7 2 5 e true true true";
            lua.register("show", |_, values: moonfleet_lua::Values| {
                let texts: Vec<_> = values.iter().map(|value| format!("{value:?}")).collect();
                Ok::<_, String>(texts.join(" "))
            })
            .unwrap();
            lua.exec(format!("function all() {code} end")).unwrap();
            let texts: Table = lua.eval("(function(...) local t = {} for i = 1, select('#', ...) do t[i] = tostring((select(i, ...))) end return t end)(all())").unwrap();
            let texts: Vec<_> = texts.list().iter().map(|value| format!("{value:?}")).collect();
            let found = texts.join(" ").replace("String(\"", "").replace("\")", "");
            assert_eq!(found, expected);
        },
    );
}

#[test]
fn libraries_do_not_come_back_over_a_channel() {
    with_sandbox(
        |builder| builder,
        |lua| {
            let trusted = LuaState::builder().spawn_here().unwrap();
            let channel = Channel::bounded(1);
            lua.set("channel", channel.clone()).unwrap();
            trusted.set("channel", channel).unwrap();
            trusted.exec("channel:send({ io, os, string, (require 'moonfleet') })").unwrap();
            assert_eq!(lua.eval::<Table>("channel:receive()").unwrap(), Table::default());
        },
    );
}

#[test]
fn no_loop_outlives_its_budget() {
    for code in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local function f() return pcall(f) end while true do f() end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "coroutine.wrap(function() while true do end end)()",
        "while true do local co = coroutine.wrap(function() while true do end end) pcall(co) end",
        "while true do coroutine.wrap(function() end)() end",
        "repeat coroutine.resume(coroutine.create(function() coroutine.yield() end)) until false",
        "table.sort({ 3, 2, 1 }, function() while true do end end)",
        "string.gsub('x', 'x', function() while true do end end)",
        "return setmetatable({}, { __index = function() while true do end end }).x",
        "for _ in function() return 1 end do end",
        "::top:: goto top",
        "local x <close> = setmetatable({}, { __close = function() while true do end end }) while true do end",
        "load(function() return ' ' end) while true do end",
        "coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() while true do end end })
            while true do end end)()",
        "local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() while true do end
            end }) while true do end end) coroutine.resume(co) coroutine.close(co) while true do end",
        "local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() while true do end
            end }) coroutine.yield() end) coroutine.resume(co) coroutine.close(co) while true do end",
        "error(setmetatable({}, { __tostring = function() while true do end end }))",
    ] {
        let code = code.to_owned();
        let limits = |builder: Builder| builder.instruction_budget(100_000).memory_limit(4 << 20);
        with_sandbox(limits, move |lua| {
            let error = lua.exec(code.as_str()).unwrap_err();
            assert!(matches!(error, Error::Budget(_) | Error::Memory), "{code}: {error:?}");
            assert!(matches!(lua.eval::<i64>("1"), Err(Error::Budget(_) | Error::Memory) | Ok(1)));
            lua.refill(1_000_000).unwrap();
            assert_eq!(
                lua.eval::<i64>("(function() local n = 0 for i = 1, 1000 do n = n + i end return n end)()")
                    .unwrap(),
                500_500
            );
        });
    }
}

#[test]
fn a_budget_counts_what_is_executed() {
    with_sandbox(
        |builder| builder.instruction_budget(1_000_000),
        |lua| {
            lua.exec("for _ = 1, 100000 do end").unwrap();
            let left = lua.with(|lua| Ok(lua.budget_left())).unwrap().unwrap();
            assert!((890_000..=900_000).contains(&left), "{left}");
            let calls: Vec<_> =
                (0..4).map(|_| lua.start(|lua| lua.exec("for _ = 1, 100000 do end")).unwrap()).collect();
            assert!(calls.into_iter().all(|call| call.join().is_ok()));
            let left = lua.with(|lua| Ok(lua.budget_left())).unwrap().unwrap();
            assert!((490_000..=500_000).contains(&left), "all tasks pay: {left}");
        },
    );
}

#[test]
fn memory_ends_in_an_error_of_this_state_alone() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    runtime.block_on(|| {
        let make = || LuaState::builder().sandbox().memory_limit(2 << 20).spawn_here().unwrap();
        let (greedy, modest) = (make(), make());
        for code in [
            "local t = {} while true do t[#t + 1] = {} end",
            "local s = 'x' while true do s = s .. s end",
            "return ('x'):rep(2^40)",
            "local function f() return f, f() end f()",
            "t = {} for i = 1, 1e9 do t[i] = i end",
        ] {
            let error = greedy.exec(code).unwrap_err();
            let is_limit = matches!(error, Error::Memory)
                || error.to_string().contains("too large")
                || error.to_string().contains("stack overflow");
            assert!(is_limit, "{code}: {error:?}");
            assert_eq!(modest.eval::<i64>("#('x'):rep(100000)").unwrap(), 100_000);
            greedy.exec("t = nil").unwrap();
            assert_eq!(greedy.eval::<i64>("#('x'):rep(100000)").unwrap(), 100_000, "it lives on");
        }
        let big = "x".repeat(3 << 20);
        assert!(matches!(greedy.set("big", big.as_str()), Err(Error::Memory)));
        assert!(matches!(greedy.call::<()>("type", vec![big.as_str()]), Err(Error::Memory)));
        let channel = Channel::bounded(1);
        greedy.set("channel", channel.clone()).unwrap();
        channel.send(big.as_str()).unwrap();
        assert!(matches!(greedy.exec("channel:receive()"), Err(Error::Memory)));
        assert!(greedy.memory_used().unwrap() < 2 << 20);
    });
}

#[test]
fn many_sandboxes_run_side_by_side() {
    let runtime = interrupt_long_turns(Runtime::builder().workers(2)).build().unwrap();
    runtime.block_on(|| {
        let states: Vec<_> = (0..50)
            .map(|_| LuaState::builder().sandbox().instruction_budget(2_000_000).spawn_here().unwrap())
            .collect();
        let calls: Vec<_> = states
            .iter()
            .enumerate()
            .map(|(n, lua)| {
                let code = if n % 2 == 0 { "while true do end".to_owned() } else { format!("{n} * 2") };
                lua.start(move |lua| lua.eval::<i64>(code)).unwrap()
            })
            .collect();
        for (n, call) in calls.into_iter().enumerate() {
            match call.join() {
                Err(Error::Budget(failure)) if n % 2 == 0 => {
                    assert!(failure.message().ends_with("instruction budget exhausted"))
                }
                Ok(result) if n % 2 == 1 => assert_eq!(result, n as i64 * 2),
                other => panic!("{n}: {other:?}"),
            }
        }
    });
}

#[test]
fn a_loop_that_pays_lets_others_run_again_and_again() {
    for code in [
        "while true do end",
        "coroutine.wrap(function() while true do end end)()",
        "while true do pcall(error, 'e') end",
        "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
    ] {
        // On one worker, an answer can only come when the loop has been interrupted. If it never is, the budget ends it.
        let runtime = interrupt_long_turns(Runtime::builder().workers(1)).build().unwrap();
        runtime.block_on(|| {
            let lua = LuaState::builder().sandbox().instruction_budget(5_000_000_000).spawn_here().unwrap();
            let looping = lua.start(move |lua| lua.exec(code)).unwrap();
            for n in 0..30 {
                assert_eq!(lua.eval::<i64>(format!("{n} + 1")).unwrap(), n + 1, "{code}");
            }
            lua.refill(100_000).unwrap();
            let error = looping.join().unwrap_err();
            assert!(matches!(error, Error::Budget(_)), "{code}: {error:?}");
        });
    }
}
