//! Rust functions that Lua calls: a closure in a userdata, which is the upvalue of a C function.

use std::any::Any;
use std::ffi::{CStr, c_int};
use std::fmt::Display;
use std::rc::Rc;

use crate::embed::host::Host;
use crate::embed::{FromLuaMany, Lua, Mismatch, ToLuaMany, Values, stack};
use crate::raw::callback::function;
use crate::raw::{Class, Entry, Frame, Outcome, Raise, Reply, Scope};
use crate::state::Local;

/// A closure that Lua can call.
#[derive(Clone)]
pub(super) struct RustFunction(Rc<Erased>);

type Erased = dyn Fn(&Lua<'_>, Values) -> Result<Values, Refusal>;

/// Why a closure gave no results.
enum Refusal {
    /// The argument with this number, from 0, does not fit.
    Argument(usize, Mismatch),
    Failed(String),
}

impl Class for RustFunction {
    const NAME: &'static CStr = c"Rust function";
    const METATABLE: Entry = Entry::RustFunction;
}

/// A closure of any type as one that Lua can call.
pub(super) fn erase<F, A, R, E>(body: F) -> RustFunction
where
    F: Fn(&Lua<'_>, A) -> Result<R, E> + 'static,
    A: FromLuaMany,
    R: ToLuaMany,
    E: Display,
{
    RustFunction(Rc::new(move |lua, values| {
        let arguments =
            A::from_lua_many(values).map_err(|(index, mismatch)| Refusal::Argument(index, mismatch))?;
        body(lua, arguments).map(ToLuaMany::to_lua_many).map_err(|error| Refusal::Failed(error.to_string()))
    }))
}

/// Pushes the C function that calls the closure in `slot`. `[-0, +1, m]`
pub(super) fn push(scope: Scope<'_>, slot: &mut Option<RustFunction>) -> c_int {
    scope.push_userdata(slot);
    scope.push_callback(function(call), 1);
    1
}

/// The C function.
fn call(frame: Frame<'_>) -> Outcome {
    // A share of it: a script with the `debug` library could take the closure away while it runs.
    let closure = frame.upvalue::<RustFunction>().cloned();
    let closure = closure.ok_or_else(|| Raise::error("this Rust function is gone"))?;
    let local = Local::of(frame);
    let state = Host::state_of(local);
    let arguments = stack::read(frame, 1, frame.top(), &state).map_err(bad_argument)?;
    match Lua::leave(frame, local, |lua| (closure.0)(lua, arguments))? {
        Ok(Ok(values)) => match stack::push(frame, &values, &state) {
            Ok(count) => Ok(Reply::Values(count)),
            Err(error) => Err(Raise::error(error.to_string())),
        },
        Ok(Err(Refusal::Argument(index, mismatch))) => Err(bad_argument((index, mismatch))),
        Ok(Err(Refusal::Failed(text))) => Err(Raise::error(text)),
        Err(payload) => Err(Raise::error(panic_text(&*payload))),
    }
}

fn bad_argument((index, mismatch): (usize, Mismatch)) -> Raise {
    Raise::argument(index as c_int + 1, mismatch.to_string())
}

/// What a panic, or the unwinding of a task that is cancelled, looks like in Lua.
fn panic_text(payload: &(dyn Any + Send)) -> String {
    match panic_message(payload) {
        Some(message) => format!("panic in a Rust function: {message}"),
        None => "cancelled".to_owned(),
    }
}

/// The message of a panic; `None` if that is how a cancelled task unwinds.
pub(super) fn panic_message(payload: &(dyn Any + Send)) -> Option<String> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).map(str::to_owned)
}
