//! The arms of a select, as the script wrote them, before it is known how to wait for them.

use std::ffi::c_int;

use crate::raw::{Frame, Raise};
use crate::task::TaskHandle;
use crate::value::Channel;
use crate::value::meeting::Values;

/// How many arms fit on the native stack.
pub(super) const FEW: usize = 8;

/// One arm as the script wrote it. Its channel and its values stay on the Lua stack, at these indices.
pub(super) enum Wish<'a> {
    Receive(&'a Channel, c_int),
    Send(&'a Channel, c_int, Values),
    Join(&'a TaskHandle),
}

/// Pushes `nil, "closed"`.
#[cold]
pub(super) fn push_closed(frame: Frame<'_>) -> Result<c_int, Raise> {
    frame.protect(0, &mut (), |scope, ()| {
        scope.push_nil();
        scope.push_bytes(b"closed");
        2
    })
}
