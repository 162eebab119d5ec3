//! [`Refusal`]: why a value cannot cross, and the path to it, as in `cannot send value.handlers[3]: userdata FILE*`.

use std::fmt::Write;

use crate::raw::{Frame, Kind, Raise};

/// Of a long path so many steps are shown at its start and at its end.
const STEPS_AT_START: usize = 8;
const STEPS_AT_END: usize = 4;

/// What was found, and where. The path grows from the inside out, while the walk unwinds.
#[derive(Debug)]
pub(crate) struct Refusal {
    path: Vec<String>,
    found: String,
}

impl Refusal {
    /// Refuses the value at `index`, by what it is.
    #[cold]
    pub(super) fn value(frame: Frame<'_>, index: i32) -> Self {
        let found = match frame.kind(index) {
            Kind::Userdata => match Self::type_name(frame, index).as_str() {
                "userdata" => "userdata".to_owned(),
                name => format!("userdata {name}"),
            },
            Kind::LightUserdata => "light userdata".to_owned(),
            Kind::Thread => "coroutine".to_owned(),
            Kind::Function => "C function".to_owned(),
            _ => Self::type_name(frame, index),
        };
        Self { path: Vec::new(), found }
    }

    /// Refuses for a reason that is not the type of a value.
    #[cold]
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self { path: Vec::new(), found: reason.into() }
    }

    fn type_name(frame: Frame<'_>, index: i32) -> String {
        frame.push_copy(index);
        let named = frame.protect(1, &mut (), |scope, ()| {
            scope.push_type_name(-1);
            1
        });
        let name = if named.is_ok() { frame.text(-1) } else { None };
        frame.pop(1);
        name.unwrap_or_else(|| "?".to_owned())
    }

    /// The refused value is the field of a table whose key is at `key`.
    #[cold]
    pub(super) fn in_field(mut self, frame: Frame<'_>, key: i32) -> Self {
        let step = match frame.kind(key) {
            Kind::String => frame
                .text(key)
                .map(|name| if is_name(&name) { format!(".{name}") } else { format!("[{name:?}]") }),
            Kind::Number if frame.integer(key).is_some() => frame.integer(key).map(|n| format!("[{n}]")),
            Kind::Number => frame.number(key).map(|n| format!("[{n}]")),
            Kind::Boolean => Some(format!("[{}]", frame.boolean(key))),
            _ => None,
        };
        self.path.push(step.unwrap_or_else(|| format!("[{}]", Self::type_name(frame, key))));
        self
    }

    /// The refused value is a key of a table.
    #[cold]
    pub(super) fn in_key(mut self) -> Self {
        self.path.push(" (a key)".to_owned());
        self
    }

    /// The refused value is an upvalue of a function.
    #[cold]
    pub(super) fn in_upvalue(mut self, name: &str) -> Self {
        self.path.push(format!(" (upvalue {name})"));
        self
    }

    /// The whole message; `root` names the value that was being sent.
    #[cold]
    pub(super) fn describe(&self, root: &str) -> String {
        let mut text = format!("cannot send {root}");
        let (length, left_out) =
            (self.path.len(), STEPS_AT_START..self.path.len().saturating_sub(STEPS_AT_END));
        for (at, step) in self.path.iter().rev().enumerate() {
            if !left_out.contains(&at) {
                text.push_str(step);
            } else if at == left_out.start {
                let _ = write!(text, " … {} more of {length} steps …", left_out.len());
            }
        }
        let _ = write!(text, ": {}", self.found);
        text
    }

    /// As an error for Lua.
    #[cold]
    pub(super) fn raise(&self, root: &str) -> Raise {
        Raise::error(self.describe(root))
    }
}

/// Whether Lua lets one write `.name`.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
