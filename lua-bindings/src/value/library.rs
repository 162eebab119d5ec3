//! Library tables: `string`, `moonfleet`, `_G` and the others that every state opens. Such a table holds C
//! functions, which do not cross; but as a whole it stands for the same library of the other state. So a function
//! whose upvalue is `local mf = require "moonfleet"` can be launched.

use crate::raw::{Entry, Frame, Kind, Scope};

/// Records the libraries in `package.loaded`, whose index is `loaded`. `[-0, +0, m]`
pub(crate) fn record_loaded(scope: Scope<'_>, loaded: i32) {
    scope.push_table(0, 32);
    scope.push_copy(-1);
    scope.set_registry(Entry::Libraries);
    scope.push_nil();
    while scope.next(loaded) {
        if scope.kind(-1) == Kind::Table && scope.kind(-2) == Kind::String {
            add(scope, scope.top() - 2);
        }
        scope.pop(1);
    }
    scope.pop(1);
}

/// Records one more library: its table is on top, its name below. `[-0, +0, m]`
pub(crate) fn record(scope: Scope<'_>) {
    scope.push_registry(Entry::Libraries);
    let libraries = scope.top();
    scope.push_copy(-3);
    scope.push_copy(-3);
    add(scope, libraries);
    scope.pop(3);
}

/// `libraries[table] = name` and `libraries[name] = table`, with the table on top and its name below. `[-0, +0, m]`
fn add(scope: Scope<'_>, libraries: i32) {
    scope.push_copy(-1);
    scope.push_copy(-3);
    scope.raw_set(libraries);
    scope.push_copy(-2);
    scope.push_copy(-2);
    scope.raw_set(libraries);
}

/// Calls `read` with the name of the library whose table is at `index`.
pub(super) fn name_of<R>(frame: Frame<'_>, index: i32, read: impl FnOnce(&[u8]) -> R) -> Option<R> {
    frame.push_registry(Entry::Libraries);
    frame.push_copy(if index < 0 { index - 1 } else { index });
    frame.raw_get(-2);
    let result = frame.with_bytes(-1, read);
    frame.pop(2);
    result
}

/// Pushes the library of that name. `[-0, +1, m]`
pub(super) fn push(scope: Scope<'_>, name: &[u8]) {
    scope.push_registry(Entry::Libraries);
    let libraries = scope.top();
    scope.push_bytes(name);
    scope.raw_get(libraries);
    scope.remove(libraries);
}
