//! [`Settings`]: how a state is opened, and what it may use.

use crate::state::STACK_SIZE;

/// What whoever opens a state may choose.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How many bytes the state may use; without a limit, what the system has.
    pub(crate) memory_limit: Option<usize>,
    /// Native stack of each of its tasks, in bytes.
    pub(crate) stack_size: usize,
    /// Whether the `LUA_*` variables of the environment count.
    pub(crate) environment: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { memory_limit: None, stack_size: STACK_SIZE, environment: true }
    }
}
