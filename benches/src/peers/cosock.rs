//! cosock, the coroutine runtime for Lua: a checkout named by `COSOCK_DIR`, run on stock Lua.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;

use crate::cli::Mode;
use crate::peers::{Launch, Peer, lua};
use crate::report;

pub(crate) const PEER: Peer = Peer { name: "cosock", is_single_threaded: true, find };

fn find(_peer: &'static str, work: &'static str) -> Result<Launch, String> {
    let folder =
        env::var_os("COSOCK_DIR").map(PathBuf::from).filter(|folder| folder.join("cosock.lua").is_file());
    let folder =
        folder.ok_or("not installed: git clone https://github.com/cosock/cosock, set COSOCK_DIR to it")?;
    let lua = lua::find_with_socket()?;
    let path = format!("{0}/?.lua;{0}/?/init.lua;;", folder.display());
    let script = report::root().join(format!("benches/peers/cosock/{work}.lua"));
    Ok(Rc::new(move |job| {
        let mut command = Command::new(&lua);
        command.env("LUA_PATH", &path).arg(&script).args(["--seconds", &job.seconds.to_string()]);
        if job.mode == Mode::Saturated {
            command.arg("--saturated");
        }
        Some(command)
    }))
}
