//! Lua states inside Rust programs: values, functions, errors, and the lives of states.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use moonfleet::Runtime;
use moonfleet_lua::{
    Channel, Error, FromLua, Function, Lua, LuaState, LuaString, Table, ToLua, Value, Values,
};

/// Runs `body` with a new state, on two workers.
fn with_state(body: impl FnOnce(LuaState) + Send + 'static) {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    runtime.block_on(|| {
        let lua = LuaState::builder().spawn_here().unwrap();
        body(lua.clone());
        lua.close();
    });
}

/// The message of the error that was raised.
#[track_caller]
fn raised<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Raised(failure)) => failure.message().to_owned(),
        other => panic!("not an error that was raised: {other:?}"),
    }
}

// ── values ──────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn values_come_back_as_they_went() {
    with_state(|lua| {
        lua.exec("function echo(...) return ... end").unwrap();
        let nested = Table::from_list([Table::from_list([1]), Table::default()]);
        let mixed: Table =
            [(true.to_lua(), 1.to_lua()), (0.5.to_lua(), "x".to_lua()), (3.to_lua(), nested.to_lua())]
                .into_iter()
                .collect();
        for value in [
            Value::Nil,
            false.to_lua(),
            i64::MAX.to_lua(),
            i64::MIN.to_lua(),
            0.1.to_lua(),
            f64::INFINITY.to_lua(),
            "".to_lua(),
            LuaString::from(vec![0, 255, b'\n']).to_lua(),
            "x".repeat(1000).to_lua(),
            mixed.to_lua(),
            Channel::bounded(3).to_lua(),
        ] {
            let whole = matches!(value, Value::Integer(_)) && cfg!(feature = "luajit");
            if !whole {
                assert_eq!(lua.call::<Value>("echo", value.clone()).unwrap(), value);
            }
        }
        assert!(lua.call::<f64>("echo", f64::NAN).unwrap().is_nan());
        let many: Values = (0..200).map(ToLua::to_lua).collect();
        assert_eq!(lua.call::<Values>("echo", many.clone()).unwrap(), many);
    });
}

#[test]
fn rust_types_convert_both_ways_and_nothing_is_guessed() {
    with_state(|lua| {
        let map: BTreeMap<String, Vec<f64>> = lua.eval("{ a = { 1, 2.5 }, b = {} }").unwrap();
        assert_eq!(map, BTreeMap::from([("a".into(), vec![1.0, 2.5]), ("b".into(), vec![])]));
        assert_eq!(
            lua.eval::<(u8, Option<i8>, Option<String>)>("255, -128").unwrap(),
            (255, Some(-128), None)
        );
        assert_eq!(lua.eval::<i64>("2^53").unwrap(), 1 << 53);
        let mismatch = |code: &str| match lua.eval::<(u8, String, Vec<Vec<bool>>)>(code) {
            Err(Error::Mismatch(mismatch)) => mismatch.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(mismatch("'1'"), "result 1: integer expected, got string");
        assert_eq!(mismatch("1.5"), "result 1: integer expected, got number");
        assert_eq!(mismatch("256"), "result 1: 256 is no u8, which is from 0 to 255");
        assert_eq!(mismatch("1, 2"), "result 2: string expected, got integer");
        assert_eq!(mismatch("1, '\\255'"), "result 2: string in UTF-8 expected, got other bytes");
        assert_eq!(
            mismatch("1, '', {{}, {true, 0}}"),
            "result 3: element 2: element 2: boolean expected, got integer"
        );
        assert!(u64::MAX.to_lua() == Value::Number(u64::MAX as f64));
        assert!(bool::from_lua(Value::Nil).is_err());
    });
}

#[test]
fn shared_tables_stay_shared_and_cycles_are_refused() {
    with_state(|lua| {
        // 2^60 tables if each were written out.
        let bomb: Table =
            lua.eval("(function() local t = {} for _ = 1, 60 do t = { t, t } end return t end)()").unwrap();
        assert_eq!(bomb.list()[0], bomb.list()[1]);
        lua.set("bomb", bomb).unwrap();
        assert!(lua.eval::<bool>("bomb[1] == bomb[2] and bomb[1][1] == bomb[2][2]").unwrap());
        let error = lua.eval::<Value>("(function() local t = {} t.t = t return t end)()").unwrap_err();
        assert!(error.to_string().contains("a table that contains itself"), "{error}");
        let error = lua.eval::<Value>("{ files = { print } }").unwrap_err();
        assert_eq!(error.to_string(), "result 1: cannot take out of Lua: value.files[1]: C function");
        let deep = (0..300).fold(Value::Nil, |inner, _| Table::from_list([inner, true.to_lua()]).to_lua());
        assert!(lua.set("deep", deep).unwrap_err().to_string().contains("nested deeper than 200 levels"));
        let error =
            lua.eval::<Value>("(function() local t = {} for _ = 1, 300 do t = { t } end return t end)()");
        assert!(error.unwrap_err().to_string().contains("nested deeper than 200 levels"));
    });
}

#[test]
fn paths_lead_through_tables_and_make_them() {
    with_state(|lua| {
        lua.set("a.b.c", 1).unwrap();
        lua.set("a.b.d", "x").unwrap();
        assert_eq!(lua.eval::<(i64, String)>("a.b.c, a.b.d").unwrap(), (1, "x".to_owned()));
        assert_eq!(lua.get::<Option<i64>>("a.x").unwrap(), None);
        assert!(raised(lua.get::<Value>("a.x.y")).contains("attempt to index a nil value"));
        assert!(raised(lua.set("a.b.c.d", 1)).contains("attempt to index a number value"));
        assert!(raised(lua.call::<()>("a", ())).contains("attempt to call a table value"));
        lua.exec("setmetatable(_G, { __index = function(_, name) error('no ' .. name, 0) end })").unwrap();
        assert_eq!(raised(lua.get::<Value>("nothing")), "no nothing");
    });
}

// ── Rust functions ──────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_rust_function_that_waits_holds_up_nobody_else() {
    with_state(|lua| {
        let (asking, answers) = (Channel::rendezvous(), Channel::rendezvous());
        let (theirs, ours) = (asking.clone(), answers.clone());
        lua.register("ask", move |_, text: String| {
            theirs.send(text)?;
            ours.receive::<i64>()
        })
        .unwrap();
        let calls: Vec<_> = (0..10)
            .map(|n| lua.start(move |lua| lua.eval::<i64>(format!("ask('{n}') + 0"))).unwrap())
            .collect();
        // All ten wait inside, deep in C: a comparator, a callback, a coroutine.
        let deep = "local r table.sort({ 2, 1 }, function(a, b) r = r or ask('sort') return a < b end)
            return r + coroutine.wrap(function() return ask('wrap') end)()";
        let deep = lua.start(move |lua| lua.eval::<i64>(deep)).unwrap();
        let asked: Vec<String> = (0..11).map(|_| asking.receive::<String>().unwrap().unwrap()).collect();
        assert!(asked.contains(&"sort".to_owned()) && asked.contains(&"9".to_owned()), "{asked:?}");
        assert_eq!(lua.eval::<i64>("1").unwrap(), 1);
        (0..11).for_each(|_| answers.send(5).unwrap());
        assert_eq!(asking.receive::<String>().unwrap().as_deref(), Some("wrap"));
        answers.send(5).unwrap();
        assert!(calls.into_iter().all(|call| call.join().unwrap() == 5));
        assert_eq!(deep.join().unwrap(), 10);
    });
}

/// Counts how many of them are alive.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn no_error_jumps_over_a_destructor() {
    with_state(|lua| {
        let alive = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&alive);
        lua.register("through", move |lua: &Lua<'_>, (depth, function): (i64, Function)| {
            let _counted = Counted::new(&count);
            if depth > 0 {
                lua.call("through", (depth - 1, function))
            } else {
                lua.invoke::<Value>(&function, ())
            }
        })
        .unwrap();
        assert_eq!(lua.eval::<i64>("through(10, function() return 7 end)").unwrap(), 7);
        let message = raised(lua.eval::<Value>("through(10, function() error('far down', 0) end)"));
        assert!(message.ends_with("far down"), "{message}");
        assert!(lua.eval::<bool>("not pcall(through, 10, function() error('far down') end)").unwrap());
        assert!(lua.eval::<bool>("not pcall(through, 'x')").unwrap());
        // A recursion that Lua ends: each level is a call from C.
        let message = raised(lua.eval::<Value>("through(1000, function() end)"));
        assert!(message.contains("stack overflow"), "{message}");
        assert_eq!(alive.load(Ordering::SeqCst), 0);
        assert_eq!(lua.eval::<i64>("through(10, function() return 8 end)").unwrap(), 8);
    });
}

#[test]
fn errors_and_panics_of_rust_functions_are_errors_in_lua() {
    with_state(|lua| {
        lua.register("fail", |_, text: String| Err::<(), _>(text)).unwrap();
        lua.register("panic", |_, text: String| -> Result<(), String> { panic!("{text}") }).unwrap();
        let script = "local ok, why = pcall(fail, 'no luck') assert(not ok) return why";
        assert_eq!(lua.eval::<String>(script).unwrap(), "no luck");
        assert_eq!(raised(lua.exec("\nfail('no luck')")), "rust:2: no luck");
        assert_eq!(raised(lua.exec("panic('ouch')")), "rust:1: panic in a Rust function: ouch");
        assert!(
            raised(lua.exec("fail({})")).contains("bad argument #1 to 'fail' (string expected, got table)")
        );
        assert!(raised(lua.exec("fail()")).contains("bad argument #1 to 'fail' (string expected, got nil)"));
        assert!(raised(lua.exec("fail(io.stdout)")).contains("userdata"));
        assert!(
            matches!(lua.with::<()>(|_| panic!("in a call")), Err(Error::Panicked(text)) if text == "in a call")
        );
        let long = "x".repeat(100_000);
        assert!(raised(lua.call::<()>("fail", long.as_str())).starts_with("xxx"));
        assert_eq!(lua.eval::<i64>("1").unwrap(), 1, "the state lives");
    });
}

#[test]
fn rust_functions_are_not_called_inside_finalizers() {
    with_state(|lua| {
        lua.register("wait", |_, ()| {
            moonfleet::yield_now();
            Ok::<_, Error>(())
        })
        .unwrap();
        lua.exec(
            "local p = newproxy and newproxy(true) or setmetatable({}, { __gc = true })
            getmetatable(p).__gc = function() ok, why = pcall(wait) end
            if not newproxy then setmetatable(p, getmetatable(p)) end
            p = nil collectgarbage() collectgarbage()",
        )
        .unwrap();
        let (ok, why): (bool, String) = lua.eval("ok, why").unwrap();
        assert!(!ok && why.contains("inside a finalizer (__gc)"), "{why}");
    });
}

#[test]
fn functions_are_held_by_handles() {
    with_state(|lua| {
        let counter: Function =
            lua.eval("(function() local n = 0 return function(by) n = n + by return n end end)()").unwrap();
        assert_eq!((counter.call::<i64>(2).unwrap(), counter.clone().call::<i64>(3).unwrap()), (2, 5));
        lua.set("counter", counter.clone()).unwrap();
        assert_eq!(lua.eval::<i64>("counter(1)").unwrap(), 6, "the very function");
        assert_eq!(
            lua.call::<i64>("pcall", counter.clone()).unwrap_err().to_string(),
            "result 1: integer expected, got boolean"
        );
        let other = LuaState::builder().spawn_here().unwrap();
        assert!(
            other.set("f", counter.clone()).unwrap_err().to_string().contains("a function of another state")
        );
        assert!(
            Channel::bounded(1)
                .send(counter.clone())
                .unwrap_err()
                .to_string()
                .contains("stays in its own state")
        );
        lua.exec("weak = setmetatable({ counter }, { __mode = 'v' }) counter = nil collectgarbage()")
            .unwrap();
        assert!(lua.eval::<bool>("weak[1] ~= nil").unwrap(), "held by the handle");
        drop(counter);
        assert!(lua.eval::<bool>("collectgarbage() and weak[1] == nil").unwrap(), "and let go with it");
    });
}

// ── errors ──────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn errors_have_values_messages_and_tracebacks() {
    with_state(|lua| {
        lua.exec("function f() error({ code = 5 }) end function g() error(setmetatable({}, { __tostring = function() return 'an object' end })) end").unwrap();
        let Err(Error::Raised(failure)) = lua.exec("f()") else { panic!() };
        assert_eq!(Table::from_lua(failure.value().clone()).unwrap().field::<i64>("code").unwrap(), 5);
        assert!(failure.traceback().contains("rust:1: in "), "{}", failure.traceback());
        assert_eq!(raised(lua.exec("g()")), "an object");
        assert_eq!(raised(lua.exec("error()")), "nil");
        assert!(raised(lua.exec("error(7)")).ends_with('7'));
        assert_eq!(
            raised(lua.exec("error(setmetatable({}, { __tostring = error }))")),
            "error in __tostring"
        );
        let error = lua.exec("local function f() f() end f() f()").unwrap_err();
        assert!(error.to_string().contains("stack overflow"), "{error}");
        assert!(format!("{:#}", lua.exec("f()").unwrap_err()).contains("\nstack traceback:\n"));
        let Err(Error::Syntax(text)) = lua.exec("x = = 1") else { panic!() };
        assert!(text.starts_with("rust:1: unexpected symbol near"), "{text}");
    });
}

#[test]
fn safe_states_load_text_only_and_keep_out_of_the_interpreter() {
    with_state(|lua| {
        let binary = "string.dump(function() end)";
        for code in [
            format!("assert(load({binary}))"),
            format!("assert(load({binary}, 'x', 'b'))"),
            format!("assert(load({binary}, 'x', 'bt', {{}}))"),
            format!(
                "local done assert(load(function() if not done then done = true return {binary} end end))"
            ),
            "assert(loadfile('/proc/self/exe'))".to_owned(),
            "dofile('/proc/self/exe')".to_owned(),
            "assert(package.loadlib)".to_owned(),
            "assert(require 'ffi')".to_owned(),
            "debug.setupvalue(print, 1, 1)".to_owned(),
            "debug.getregistry()".to_owned(),
        ] {
            assert!(lua.exec(code.as_str()).is_err(), "{code}");
        }
        let Err(error) = lua.exec(String::from_utf8(vec![0x1b, b'L', b'u', b'a']).unwrap()) else { panic!() };
        assert!(error.to_string().contains("binary"), "{error}");
        assert_eq!(lua.eval::<i64>("load('return x', 'name', 't', { x = 4 })()").unwrap(), 4);
        assert!(lua.eval::<bool>("debug.traceback() ~= nil and load('x = ', 'name') == nil").unwrap());
        assert!(raised(lua.exec("require 'no.such.module'")).contains("no file"));
    });
}

// ── the lives of states ─────────────────────────────────────────────────────────────────────────────────────

#[test]
fn calls_come_from_tasks_and_threads_at_once() {
    with_state(|lua| {
        lua.exec("n = 0 function add() n = n + 1 return n end").unwrap();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let lua = lua.clone();
                std::thread::spawn(move || (0..50).for_each(|_| assert!(lua.call::<i64>("add", ()).is_ok())))
            })
            .collect();
        moonfleet::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| (0..50).for_each(|_| assert!(lua.call::<i64>("add", ()).is_ok())));
            }
        });
        moonfleet::blocking(|| threads.into_iter().for_each(|thread| thread.join().unwrap()));
        assert_eq!(lua.get::<i64>("n").unwrap(), 400);
    });
}

#[test]
fn a_state_closes_after_its_last_handle_and_its_last_task() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    runtime.block_on(|| {
        let (go, closed) = (Channel::rendezvous(), Channel::rendezvous());
        let lua = LuaState::builder().spawn_here().unwrap();
        lua.set("go", go.clone()).unwrap();
        lua.set("closed", closed.clone()).unwrap();
        lua.exec(
            "local mf = require 'moonfleet'
            mf.spawn(function() go:receive() finished = true end)
            local p = newproxy and newproxy(true) or setmetatable({}, { __gc = true })
            getmetatable(p).__gc = function() if finished then closed:close() end end
            if not newproxy then setmetatable(p, getmetatable(p)) end
            kept = p",
        )
        .unwrap();
        drop(lua);
        assert!(closed.receive_timeout::<()>(Duration::from_millis(20)).unwrap().is_none(), "a task is left");
        go.send(()).unwrap();
        assert!(closed.receive::<()>().unwrap().is_none(), "closed by a finalizer");
    });
}

#[test]
fn a_closed_state_refuses_calls_and_ends_what_has_begun() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    runtime.block_on(|| {
        let lua = LuaState::builder().spawn_here().unwrap();
        let go = Channel::rendezvous();
        lua.set("go", go.clone()).unwrap();
        let running = lua.start(|lua| lua.eval::<i64>("go:receive()")).unwrap();
        go.send(9).unwrap();
        lua.close();
        assert_eq!(running.join().unwrap(), 9);
        assert!(matches!(lua.eval::<i64>("1"), Err(Error::Closed)));
        lua.close();
        assert_eq!(format!("{lua:?}"), "LuaState { closed: true, .. }");
    });
}

#[test]
fn a_shutdown_of_the_runtime_ends_calls_that_wait() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let lua = LuaState::builder().spawn(&runtime).unwrap();
    lua.register("wait", |_, ()| {
        moonfleet::time::sleep(Duration::MAX);
        Ok::<_, Error>(())
    })
    .unwrap();
    let in_rust = lua.start(|lua| lua.exec("wait()")).unwrap();
    let in_lua = lua.start(|lua| lua.exec("require('moonfleet').sleep(math.huge)")).unwrap();
    let report = runtime.shutdown(Duration::from_secs(60));
    assert!(report.is_complete(), "{report:?}");
    assert!(in_rust.join().is_err() && in_lua.join().is_err());
    assert!(matches!(lua.eval::<i64>("1"), Err(Error::Closed)));
    lua.close();
}

#[test]
fn a_state_that_cannot_be_set_up_is_none() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let error =
        LuaState::builder().setup(|lua| lua.exec("error('not today', 0)")).spawn(&runtime).unwrap_err();
    assert_eq!(error.to_string(), "not today");
    let error = LuaState::builder().setup(|_| panic!("not today")).spawn(&runtime).unwrap_err();
    assert!(matches!(error, Error::Panicked(text) if text == "not today"));
    let error = LuaState::builder().worker(7).spawn(&runtime).unwrap_err();
    assert!(error.to_string().contains("the workers are 0 to 0"), "{error}");
    if cfg!(not(feature = "luajit")) {
        let error = LuaState::builder().memory_limit(1000).spawn(&runtime).unwrap_err();
        assert!(error.to_string().contains("not enough memory"), "{error}");
    }
}

#[test]
fn setup_runs_in_order_before_anything_else() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let builder = LuaState::builder().setup(|lua| lua.set("x", 1)).setup(|lua| lua.exec("x = x + 1"));
    let lua = builder.name("the one").spawn(&runtime).unwrap();
    assert_eq!(lua.eval::<(i64, String)>("x, arg[0]").unwrap(), (2, "the one".to_owned()));
}
