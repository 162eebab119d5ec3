//! Moonfleet's own interpreter, running the project's Lua examples: in one state, and in a state per client group.

use std::process::Command;
use std::rc::Rc;

use crate::cli::Mode;
use crate::peers::{Launch, Peer, locate, own_folder};
use crate::report;

/// Owner and clients in one Lua state.
pub(crate) const ONE_STATE: Peer =
    Peer { name: "moonfleet-lua", is_single_threaded: false, find: |_, work| example(format!("{work}.lua")) };

/// Clients in other states than the owner's: values cross threads.
pub(crate) const MANY_STATES: Peer = Peer {
    name: "moonfleet-lua-states",
    is_single_threaded: false,
    find: |_, work| example(format!("{work}_states.lua")),
};

fn example(script: String) -> Result<Launch, String> {
    let sibling = own_folder()?.join("moonfleet");
    let moonfleet = locate("MOONFLEET", &[]).or_else(|| sibling.is_file().then_some(sibling));
    let moonfleet = moonfleet.ok_or("not built: cargo build --release -p moonfleet-lua, or set MOONFLEET")?;
    let script = report::root().join("examples/lua").join(script);
    if !script.is_file() {
        return Err(format!("not there: {}", script.display()));
    }
    Ok(Rc::new(move |job| {
        let mut command = Command::new(&moonfleet);
        command.args(["-w", &job.workers.to_string()]).arg(&script);
        command.args(["--seconds", &job.seconds.to_string()]);
        if job.mode == Mode::Saturated {
            command.arg("--saturated");
        }
        Some(command)
    }))
}
