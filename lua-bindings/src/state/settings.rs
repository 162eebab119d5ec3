//! [`Settings`]: how a state is opened, and what it may use.

use std::ffi::CStr;

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
    /// How many instructions all its tasks together may execute; without a limit, any number.
    pub(crate) instruction_budget: Option<u64>,
    pub(crate) libraries: Libraries,
}

/// What a state finds among its globals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Libraries {
    /// What the stock interpreter has, and our modules.
    All,
    /// The same without what could break memory safety.
    Safe,
    /// What computes, and nothing else.
    Sandbox,
}

impl Settings {
    /// The chunks that take away what a new state has too much of, and their names.
    pub(crate) fn prelude(&self) -> impl Iterator<Item = (&'static str, &'static CStr)> {
        [
            (self.libraries != Libraries::All, include_str!("safe.lua"), c"=safe.lua"),
            (self.instruction_budget.is_some(), include_str!("budget.lua"), c"=budget.lua"),
            (self.libraries == Libraries::Sandbox, include_str!("sandbox.lua"), c"=sandbox.lua"),
        ]
        .into_iter()
        .filter_map(|(is_needed, code, name)| is_needed.then_some((code, name)))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            memory_limit: None,
            stack_size: STACK_SIZE,
            environment: true,
            instruction_budget: None,
            libraries: Libraries::All,
        }
    }
}
