//! The models, one file per protocol file. The doc sentence of a test is the invariant that it checks.

mod core;
mod epoch;
mod gate;
mod idle;
mod inbox;
mod lock;
mod one;
mod select;
mod semaphore;
mod word;
