//! The models, one file per protocol file. The doc sentence of a test is the invariant that it checks.

mod block_on;
mod broadcast;
mod claim;
mod condvar;
mod core;
mod epoch;
mod future;
mod futures;
mod gate;
mod idle;
mod inbox;
mod lock;
mod mutex;
mod once;
mod one;
mod queue;
mod running;
mod rwlock;
mod select;
mod semaphore;
mod stop;
mod summons;
mod watch;
mod word;
