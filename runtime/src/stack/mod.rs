//! Stacks: where their memory comes from, how it is reused, and what happens when one runs out.
//!
//! | file | what lives there |
//! |---|---|
//! | `class.rs` | [`StackClass`]: how large a stack is and how wide its guard; the key stacks are pooled by |
//! | `slot.rs` | [`Stack`]: the owner of one slot, what a coroutine runs on |
//! | `slab.rs` | `Slab`: one mapping cut into slots of one class |
//! | `mapping.rs` | `Mapping`: raw pages and guards; the only file that maps and unmaps |
//! | `pool.rs` | [`StackPool`]: the slabs and idle stacks of a runtime, shared by its workers |
//! | `cache.rs` | [`StackCache`]: the stacks one worker keeps at hand, the fast path |
//! | `usage.rs` | [`StackUsage`]: how deep the tasks of each name went, where that is measured |
//! | `error.rs` | [`StackError`]: why there is no stack, and what cures it |
//! | `overflow.rs` | the signal handler that turns a hit guard into a message |
//! | `alt_stack.rs` | [`AltStack`]: what that handler runs on |
//!
//! A slab is one mapping, and one cache at a time makes stacks in it. Its slots are handed out from the low
//! end, and a slot nobody had yet costs neither memory nor a guard:
//!
//! ```text
//!   ┌────────┬────────┬────────┬ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ┬────────┐
//!   │ slot 0 │ slot 1 │ slot 2 │   address space, no memory    │ slot n │     → higher addresses
//!   └────────┴────────┴────────┴ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ┴────────┘
//!     issued   issued   ▲ next to be issued: its guard is installed then
//! ```
//!
//! A slot is `class.size()` bytes. The stack grows down, so the guard is at the low end, and the top page
//! is the only one a shallow task ever touches:
//!
//! ```text
//!   ┌─────────┬──────────────────────────────────────────┬──────────┐
//!   │  guard  │        not touched yet: no memory        │ top page │
//!   └─────────┴──────────────────────────────────────────┴──────────┘
//!   ▲         ▲ usable().start           ◀── grows this way         ▲
//!   limit()                                                    base()
//! ```
//!
//! Two invariants carry the unsafe code of this folder:
//!
//! - INVARIANT(slot-owner): a slot is described by at most one [`Stack`] value, ever: `Slab::issue` makes it
//!   once, and it is moved, never copied. Whoever holds it as a plain value holds memory without live frames.
//! - INVARIANT(mapped-until-home): a slab is unmapped only together with every [`Stack`] it issued. The pool
//!   does it, when it is dropped; a slab with a stack still abroad is leaked. So a [`Stack`] is valid for as
//!   long as it exists, without a reference count, and one that is dropped instead of given back leaks its
//!   slot and nothing worse.

mod alt_stack;
mod cache;
mod class;
mod error;
mod mapping;
mod overflow;
mod pool;
mod slab;
mod slot;
mod usage;

pub(crate) use self::alt_stack::AltStack;
pub(crate) use self::cache::StackCache;
pub(crate) use self::class::StackClass;
pub use self::class::StackSizeError;
pub use self::error::StackError;
pub(crate) use self::overflow::{Overflowing, install};
pub(crate) use self::pool::StackPool;
pub(crate) use self::slot::Stack;
pub use self::usage::StackUsage;
pub(crate) use self::usage::UsageTable;
