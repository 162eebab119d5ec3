//! Errors that no joiner will see go to stderr, with the task's name and traceback. The others of the state go on.

use std::io::Write;

use crate::raw::{Frame, Kind};

/// Writes `moonfleet: text` to stderr.
pub(crate) fn report(text: &str) {
    // A report that cannot be written has nowhere else to go.
    let _ = writeln!(std::io::stderr().lock(), "moonfleet: {text}");
}

/// Reports the error value at `index` of a thread that is at rest.
pub(crate) fn report_failure(frame: Frame<'_>, index: i32, name: &str) {
    report(&format!("task '{name}' failed: {}", describe(frame, index)));
}

/// The error value as text; a table may say by `__tostring` what it means.
pub(crate) fn describe(frame: Frame<'_>, index: i32) -> String {
    if let Some(text) = frame.text(index) {
        return text;
    }
    if frame.kind(index) == Kind::None || !frame.reserve(8) {
        return "error without a message".to_owned();
    }
    frame.push_copy(index);
    let converted = frame.protect(1, &mut (), |scope, ()| {
        scope.to_text();
        1
    });
    let text = if converted.is_ok() { frame.text(-1) } else { None };
    frame.pop(1);
    text.unwrap_or_else(|| "error in __tostring".to_owned())
}
