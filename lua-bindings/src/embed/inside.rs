//! How [`Lua`] goes back into Lua: each entry is under a protected call, and leaves the stack as it was.

use std::ffi::c_int;

use crate::embed::{Error, Failure, Lua, Values, stack};
use crate::raw::{Entry, Frame, Kind, Raise, Scope};
use crate::task::failure::describe;

/// A number of values on top of the stack.
pub(super) type Count = Result<c_int, Error>;

impl Lua<'_> {
    /// Runs `work` inside Lua again. It does not panic.
    pub(super) fn inside<R>(&self, work: impl FnOnce(Frame<'_>) -> R) -> R {
        self.local.land(self.ashore.get());
        let result = work(self.frame);
        self.ashore.set(self.local.leave());
        result
    }

    /// Runs `work` inside Lua, and takes the values that it leaves on top of the stack.
    pub(super) fn run(&self, work: impl FnOnce(&Self, Frame<'_>) -> Count) -> Result<Values, Error> {
        self.inside(|frame| {
            let top = frame.top();
            if !frame.reserve(8) {
                return Err(Error::Memory);
            }
            let values = work(self, frame).and_then(|count| {
                let read = stack::read(frame, frame.top() - count + 1, count, &self.state);
                read.map_err(|(index, mismatch)| mismatch.at(&format!("result {}", index + 1)).into())
            });
            frame.pop(frame.top() - top);
            values
        })
    }

    /// Calls the function below the `arguments` values on top. `[-(arguments + 1), +results, -]`, but for a state without
    /// budget: `[-0, +0, -]`
    pub(super) fn call_pushed(&self, arguments: c_int) -> Count {
        if self.local.budget().is_spent() {
            // A new Lua thread would have some instructions for nothing.
            return Err(Error::Budget(Box::new(Failure::without_traceback("instruction budget exhausted"))));
        }
        self.frame.call(arguments, Entry::Capture).map_err(|raise| self.raised(raise))
    }

    /// Pushes the value at a path from the globals. `[-0, +1, -]`
    pub(super) fn push_path(&self, frame: Frame<'_>, path: &str) -> Result<(), Error> {
        let pushed = frame.protect(0, &mut &*path, |scope, path| {
            scope.push_globals();
            for name in path.split('.') {
                push_field(scope, name);
                scope.remove(-2);
            }
            1
        });
        pushed.map(drop).map_err(|raise| self.raised(raise))
    }

    /// Pops a value and puts it at a path from the globals. `[-1, +0, -]`
    pub(super) fn set_path(&self, frame: Frame<'_>, path: &str) -> Count {
        let (parents, name) =
            path.rsplit_once('.').map_or((None, path), |(parents, name)| (Some(parents), name));
        let set = frame.protect(1, &mut (parents, name), |scope, (parents, name)| {
            scope.push_globals();
            for parent in parents.iter().flat_map(|parents| parents.split('.')) {
                push_field(scope, parent);
                if scope.kind(-1) == Kind::Nil {
                    scope.pop(1);
                    add_table(scope, parent);
                }
                scope.remove(-2);
            }
            scope.push_bytes(name.as_bytes());
            scope.push_copy(1);
            scope.set(-3);
            0
        });
        set.map_err(|raise| self.raised(raise))
    }

    /// What an error on top of the stack means. `[-1, +0, -]`
    pub(super) fn raised(&self, raise: Raise) -> Error {
        let frame = self.frame;
        let error = match raise {
            Raise::Top if frame.kind(-1) == Kind::Table => self.captured(),
            Raise::Top => match describe(frame, frame.top()) {
                message if message == "not enough memory" => Error::Memory,
                message => Error::without_traceback(message),
            },
            Raise::Error(text) | Raise::Argument { text, .. } => return Error::without_traceback(text),
            Raise::Expected { expected, .. } => {
                return Error::without_traceback(format!("{} expected", expected.to_string_lossy()));
            }
        };
        frame.pop(1);
        error
    }

    /// The error in the table on top, which the handler has made. `[-0, +0, -]`
    fn captured(&self) -> Error {
        let frame = self.frame;
        frame.raw_get_index(-1, 2);
        let traceback = frame.text(-1).unwrap_or_default();
        frame.pop(1);
        frame.raw_get_index(-1, 1);
        let message = describe(frame, frame.top());
        let value = stack::read_value(frame, frame.top(), &self.state).unwrap_or_default();
        frame.pop(1);
        let failure = Box::new(Failure { value, message, traceback });
        if self.local.budget().is_spent() { Error::Budget(failure) } else { Error::Raised(failure) }
    }

    /// Why code does not load. `[-1, +0, -]`
    pub(super) fn not_loaded(&self, raise: Raise) -> Error {
        match self.raised(raise) {
            Error::Raised(failure) => Error::Syntax(failure.message),
            other => other,
        }
    }
}

/// Pushes the field of the value on top. `[-0, +1, e]`
fn push_field(scope: Scope<'_>, name: &str) {
    scope.push_bytes(name.as_bytes());
    scope.get(-2);
}

/// Gives the table on top a new one as its field, and pushes that. `[-0, +1, e]`
fn add_table(scope: Scope<'_>, name: &str) {
    scope.push_table(0, 0);
    scope.push_bytes(name.as_bytes());
    scope.push_copy(-2);
    scope.set(-4);
}
