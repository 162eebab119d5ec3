//! Stock Lua with LuaSocket: runs the listing that Moonfleet was asked to make come true, word for word.

use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;

use crate::cli::Mode;
use crate::peers::{Launch, Peer, locate};
use crate::report;

pub(crate) const PEER: Peer = Peer { name: "lua", is_single_threaded: true, find: stock };

/// A stock interpreter.
pub(crate) fn find() -> Result<PathBuf, String> {
    locate("LUA", &["lua5.4", "lua"])
        .ok_or_else(|| "not installed: apt install lua5.4 lua-socket, or set LUA".into())
}

/// A stock interpreter that has LuaSocket.
pub(crate) fn find_with_socket() -> Result<PathBuf, String> {
    let lua = find()?;
    let loads = Command::new(&lua).args(["-e", "require 'socket'"]).output();
    if loads.is_ok_and(|output| output.status.success()) {
        Ok(lua)
    } else {
        Err(format!("not installed: {} has no LuaSocket, apt install lua-socket", lua.display()))
    }
}

/// The listing pauses after each operation and runs for a second; it has no other variant.
fn stock(_peer: &'static str, _work: &'static str) -> Result<Launch, String> {
    let lua = find_with_socket()?;
    let script = report::root().join("benches/peers/lua/seed_stateful.lua");
    Ok(Rc::new(move |job| {
        let mut command = Command::new(&lua);
        command.arg(&script);
        (job.mode == Mode::Paced).then_some(command)
    }))
}
