//! Values on their way between tasks and states: [`Message`], the tuple that channels carry.
//!
//! | file | holds |
//! |---|---|
//! | `scalar` | [`Scalar`]: values that need no heap |
//! | `handle` | [`Handle`]: a channel that several states may know; it crosses by reference |
//! | `meeting` | [`Meeting`]: a rendezvous within one state, without lock or copy |
//! | `channel` | [`Channel`]: the userdata, which is one or the other |
//! | `tree` | [`Tree`]: anything deeper, flattened |
//! | `message` | [`Message`] itself, and its fast paths |
//! | `parts` | a message as a sequence of parts, for code that is not about Lua stacks |
//! | `read` | Lua → tree |
//! | `write` | tree → Lua |
//! | `refusal` | what cannot cross, with the path to it |
//! | `library` | library tables, which stand for themselves in every state |

pub(crate) mod scalar;
pub(crate) mod library;
mod refusal;
mod tree;
pub(crate) mod message;
pub(crate) mod parts;
pub(crate) mod handle;
pub(crate) mod meeting;
mod channel;
mod read;
mod write;

pub(crate) use channel::Channel;
pub(crate) use handle::Handle;
pub(crate) use meeting::Meeting;
pub(crate) use message::{Message, Names};
