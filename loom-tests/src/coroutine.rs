//! Coroutines, of which models have none: a task is a loom thread.

#[derive(Debug)]
pub(crate) struct Coroutine;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Suspender;
