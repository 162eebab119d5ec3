//! A task: one allocation that holds its identity, its body, its outcome and, once started, its coroutine.
//!
//! - [`header`]: what the scheduler sees of a task, the same for every task; reference counting.
//! - [`cell`]: the whole allocation, with the typed body and outcome behind the header.
//! - [`claim`]: who starts a task, where it lives, whether it was told to end: one word, a leaf protocol.
//! - [`summons`]: how others make its home look at it, a leaf protocol, too.
//! - [`limits`]: what may end its waits early: a cancel, and the scopes it is in.
//! - [`locals`]: what the task keeps in its task-locals.
//! - [`error`]: how a join can fail.
//!
//! # Who may touch what
//! | field of [`header::Header`] | touched by |
//! |---|---|
//! | `waiter` | its word by whoever fires it; armed and taken by the running task |
//! | `link`, and that in `summons` | the inbox it is pushed to (`home/inbox.rs`, link-owner) |
//! | `claim`, `refs`, `summons` | anyone, atomically |
//! | `coroutine`, `suspender`, `stack_limit`, `owned`, `limits`, `migration`, `has_timer`, `unwinds`, `waits_in_unwind`, `locals` | the home worker's thread alone: INVARIANT(home-thread) |
//! | `info`, `vtable` | read by anyone, never written |
//!
//! # A life
//! Unstarted, a task is a boxed closure: it lies in a fresh queue, where any worker may steal it, or, pinned
//! at birth, in a run queue. The worker that first runs it claims it, gives it a stack and becomes its home:
//! INVARIANT(pinned): from then on only that worker's thread resumes it, so a wake is nothing but a message
//! to the home, and "woken before it was suspended" cannot happen: the home is busy running it.

pub(crate) mod claim;
pub(crate) mod limits;
pub(crate) mod locals;
pub(crate) mod summons;
pub(crate) mod header;
pub(crate) mod cell;
pub(crate) mod error;
