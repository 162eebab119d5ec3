//! Lua's warnings, as the stock interpreter treats them: off at first, `warn("@on")` turns them on.

#![allow(unsafe_code, reason = "a callback from Lua")]
#![cfg_attr(feature = "luajit", allow(dead_code, reason = "LuaJIT has no warnings"))]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::Write;

/// Where the warnings of a state stand.
#[derive(Default)]
pub(crate) struct Warnings {
    is_on: bool,
    /// The last piece said that its message goes on.
    continues: bool,
}

/// The `lua_WarnFunction` of a state whose user data is [`Warnings`].
///
/// # Safety
/// `warnings` is one, and `piece` a C string.
pub(crate) unsafe extern "C-unwind" fn warn(warnings: *mut c_void, piece: *const c_char, continues: c_int) {
    // SAFETY: the caller's.
    let (warnings, piece) = unsafe { (&mut *warnings.cast::<Warnings>(), CStr::from_ptr(piece).to_bytes()) };
    warnings.add(piece, continues != 0);
}

impl Warnings {
    fn add(&mut self, piece: &[u8], continues: bool) {
        let is_first = !self.continues;
        self.continues = continues;
        if is_first && !continues && piece.starts_with(b"@") {
            match piece {
                b"@on" => self.is_on = true,
                b"@off" => self.is_on = false,
                _ => {}
            }
        } else if self.is_on {
            let (start, end) =
                (if is_first { "Lua warning: " } else { "" }, if continues { "" } else { "\n" });
            let text = [start.as_bytes(), piece, end.as_bytes()].concat();
            // A warning that cannot be written has nowhere else to go.
            let _ = std::io::stderr().lock().write_all(&text);
        }
    }
}
