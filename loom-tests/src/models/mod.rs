//! The models, one file per protocol file. The doc sentence of a test is the invariant that it checks.

mod core;
mod gate;
mod idle;
mod inbox;
mod lock;
mod mutex;
mod once;
mod one;
mod rwlock;
mod select;
mod word;
