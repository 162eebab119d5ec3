//! The Lua C API, and the only folder that names `mlua_sys`.
//!
//! Lua raises an error by jumping straight to the innermost protected call. The jump runs no Rust destructor,
//! so everything here lives by four rules. The `SAFETY` notes of the crate refer to them by name.
//!
//! - **plain-frames**: between a Lua call that may raise and the protected call that catches it, no Rust frame
//!   owns a value with a destructor. Either nothing is alive yet (a callback allocates its Lua objects first), or
//!   the values belong to a frame *outside* the protected call ([`protect`]).
//! - **no-panic-out**: a Rust panic never crosses a Lua frame. [`callback`] catches it, and makes it a Lua error.
//! - **own-worker**: a Lua state is touched only by the worker that opened it, by one native stack at a time:
//!   the tasks of a state share one worker and switch only inside the runtime's waits.
//! - **no-wait-in-gc**: nothing suspends inside a finalizer. The collector is stopped until a `__gc` returns, for
//!   the whole state; [`compat::is_finalizing`] tells.
//!
//! A function that touches a Lua stack states its effect as the manual does: `[-o, +p, x]` pops `o` values,
//! pushes `p`, and raises never (`-`), for lack of memory only (`m`), or otherwise (`e`).
//!
//! | file | holds |
//! |---|---|
//! | `ffi` | the part of the API that is the same in every version |
//! | `pool` | the memory of a state |
//! | `warn` | Lua's warnings |
//! | `registry` | the registry entries of this crate |
//! | `compat` | what differs between Lua 5.4, 5.5 and LuaJIT |
//! | `frame` | [`Frame`]: a view of one Lua stack whose methods never raise |
//! | `raise` | [`Raise`]: an error on its way to Lua |
//! | `callback` | Rust functions as C functions |
//! | `protect` | [`Scope`]: calls that may raise, under a protected call |
//! | `userdata` | typed userdata, and the weak cache that gives one value one handle |
//! | `library` | tables of callbacks: modules and classes |
//! | `active` | which Lua threads are active on this OS thread |
//! | `slice` | stops the running Lua thread when its slice is over |
//! | `budget` | [`Budget`]: how many instructions a state may execute |
//! | `coroutine` | `coroutine.*` where those two have to know of it |
//! | `chunk` | loading, dumping and calling functions |

pub(crate) mod ffi;
pub(crate) mod pool;
pub(crate) mod warn;
pub(crate) mod registry;
pub(crate) mod compat;
pub(crate) mod frame;
pub(crate) mod raise;
pub(crate) mod protect;
pub(crate) mod userdata;
pub(crate) mod callback;
pub(crate) mod library;
pub(crate) mod slice;
pub(crate) mod active;
pub(crate) mod budget;
pub(crate) mod coroutine;
pub(crate) mod chunk;

pub(crate) use callback::{Outcome, Reply};
pub(crate) use frame::{Frame, Kind};
pub(crate) use protect::Scope;
pub(crate) use raise::Raise;
pub(crate) use registry::Entry;
pub(crate) use userdata::Class;
