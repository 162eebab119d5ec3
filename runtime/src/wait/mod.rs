//! How anything waits: the protocols under every blocking call. Nothing here knows of tasks or threads.
//!
//! - [`lock`]: the tiny lock around a wait list; held for a few instructions, never over a suspension.
//! - [`word`]: one word per waiting party; whoever moves it out of `WAITING` decides why the party wakes.
//! - [`waiter`]: the word plus "how to wake the party": what a wait list points at.
//! - [`list`]: an intrusive FIFO of wait nodes that live on the waiters' own stacks.
//! - [`queue`]: a state and the parties that wait for it to change, under one lock: mutexes, semaphores.
//! - [`future`]: the waiter of a future, for `async` code in the same wait lists.
//! - [`one`]: a value handed over once, from one giver to one taker: joins and oneshot channels.
//!
//! # One wait, step by step
//! 1. The party arms its word, links a node under the lock of what it waits for, unlocks, and suspends.
//! 2. Another party takes the lock, unlinks the node and *fires* the word. Losing that race (a timer or a
//!    cancel was first) means: go on to the next node. Winning means: fill the node's slot, unlock, *wake*.
//! 3. The woken party reads the reason from its word. If it was not the node's, it unlinks the node itself.
//!
//! A node's memory is a frame of the suspended party. It is unlinked, or its word fired, before that frame
//! goes on: INVARIANT(node-lives) that every file here leans on.

pub(crate) mod lock;
pub(crate) mod word;
pub(crate) mod waiter;
pub(crate) mod future;
pub(crate) mod list;
pub(crate) mod queue;
pub(crate) mod one;
