//! Values on their way between tasks and states: [`Message`], the tuple that channels carry.
//!
//! | file | holds |
//! |---|---|
//! | `scalar` | [`Scalar`]: values that need no heap |
//! | `handle` | [`Handle`]: a channel, the value that crosses by reference |
//! | `tree` | [`Tree`]: anything deeper, flattened |
//! | `message` | [`Message`] itself, and its fast paths |
//! | `read` | Lua → tree |
//! | `write` | tree → Lua |
//! | `refusal` | what cannot cross, with the path to it |
//! | `library` | library tables, which stand for themselves in every state |

pub(crate) mod scalar;
pub(crate) mod library;
mod refusal;
mod tree;
pub(crate) mod message;
pub(crate) mod handle;
mod read;
mod write;

pub(crate) use handle::Handle;
pub(crate) use message::{Message, Names};
