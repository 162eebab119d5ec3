//! Runs scripts that nobody trusts, in parallel, each within limits and with no more than the host gives it.
//!
//! Every user has a state of their own, on any of the workers. A script may call `price(item)`, which waits for a slow
//! database: the other scripts of that worker go on meanwhile. Whatever a script does, the others never notice.

use std::time::Duration;

use moonfleet_lua::{Error, Lua, LuaState};

const SCRIPTS: [(&str, &str); 7] = [
    ("ann", "return price('tea') + price('bread')"),
    ("ben", "local n = 0 for i = 1, 1000 do n = n + i end return n"),
    ("cem", "while true do end"),
    ("dora", "local t = {} while true do t[#t + 1] = {} end"),
    ("eve", "return os.execute('rm -rf /')"),
    ("finn", "return price('gold')"),
    ("gus", "while true do pcall(function() while true do end end) end"),
];

fn main() {
    let runtime = moonfleet::Runtime::builder().build().expect("a runtime");
    runtime.block_on(|| {
        let runs: Vec<_> =
            SCRIPTS.iter().map(|&(user, script)| (user, moonfleet::spawn(move || run(script)))).collect();
        for (user, run) in runs {
            match run.join().expect("a run does not panic") {
                Ok(total) => println!("{user}: {total}"),
                Err(Error::Budget(_)) => println!("{user}: stopped, too many instructions"),
                Err(Error::Memory) => println!("{user}: stopped, too much memory"),
                Err(error) => println!("{user}: {error}"),
            }
        }
    });
}

/// Runs one user's script in a state of its own.
fn run(script: &str) -> Result<f64, Error> {
    let lua = LuaState::builder()
        .sandbox()
        .memory_limit(4 << 20)
        .instruction_budget(1_000_000)
        .setup(|lua| lua.register("price", price))
        .spawn_here()?;
    lua.eval(script)
}

/// What the host offers to scripts.
fn price(_: &Lua<'_>, item: String) -> Result<f64, String> {
    // Suspends the script alone.
    moonfleet::time::sleep(Duration::from_millis(10));
    match item.as_str() {
        "tea" => Ok(2.5),
        "bread" => Ok(4.0),
        _ => Err(format!("we do not sell {item}")),
    }
}
