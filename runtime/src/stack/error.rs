//! `StackError`: why a task got no stack: what was asked, what was found, what cures it.

use std::error::Error;
use std::fmt;

use rustix::io::Errno;

use super::class::StackClass;
use super::mapping::{guards_cost_mappings, map_limit};

/// Why there is no stack for a task.
///
/// Its text says what was asked, what was found, and what to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackError {
    reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reason {
    /// As many stacks are out as the pool may hand out.
    Limit {
        /// The class asked for.
        class: StackClass,
        /// The limit that is reached.
        limit: usize,
    },
    /// The memory could not be mapped, or not guarded.
    /// Boxed, because room for it is kept in every task.
    Refused(Box<Refusal>),
}

/// What was asked of the kernel, and why it was not to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    class: StackClass,
    step: Step,
    errno: Errno,
    stacks_out: usize,
    guards_cost_mappings: bool,
    /// `vm.max_map_count`, where it can be read.
    map_limit: Option<usize>,
}

/// The step that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Address space of this many bytes.
    Map(usize),
    /// The guard of one stack.
    Guard,
}

impl StackError {
    /// Says that all `limit` stacks are out.
    pub(super) fn limit(class: StackClass, limit: usize) -> StackError {
        StackError { reason: Reason::Limit { class, limit } }
    }

    /// Records a refusal together with the state of the process that explains it.
    pub(super) fn refused(class: StackClass, step: Step, errno: Errno, stacks_out: usize) -> StackError {
        let refusal = Refusal {
            class,
            step,
            errno,
            stacks_out,
            guards_cost_mappings: guards_cost_mappings(),
            map_limit: map_limit(),
        };
        StackError { reason: Reason::Refused(Box::new(refusal)) }
    }
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Limit { class, limit } => write!(
                f,
                "a stack of {} bytes was asked for, but all {limit} stacks this runtime may hand out are out: \
                 let tasks end first, or raise the limit",
                class.usable()
            ),
            Reason::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (usable, guard) = (self.class.usable(), self.class.guard());
        write!(f, "a stack of {usable} bytes with a guard of {guard} was asked for, but cannot be had: ")?;
        match self.step {
            Step::Map(bytes) => write!(f, "mapping {bytes} bytes")?,
            Step::Guard => write!(f, "protecting its guard")?,
        }
        write!(f, " fails with {}, with {} stacks out", self.errno, self.stacks_out)?;
        if self.guards_cost_mappings {
            write!(f, ", each taking two mappings")?;
            if let Some(limit) = self.map_limit {
                write!(f, " of the {limit} that vm.max_map_count allows (an eighth is kept free)")?;
            }
            write!(
                f,
                ": raise vm.max_map_count (sysctl -w vm.max_map_count=1048576), or run Linux 6.13 or later, \
                 where guard pages need no mappings; or lower the stack size or the number of tasks"
            )
        } else {
            write!(
                f,
                ": lower the stack size or the number of tasks, or give the process more address space \
                 (ulimit -v, vm.overcommit_memory)"
            )
        }
    }
}

impl Error for StackError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(guards_cost_mappings: bool) -> String {
        let class = StackClass::new(64 << 10, false).unwrap();
        let (step, errno, map_limit) = (Step::Guard, Errno::NOMEM, Some(65_530));
        let refusal = Refusal { class, step, errno, stacks_out: 32_700, guards_cost_mappings, map_limit };
        refusal.to_string()
    }

    #[test]
    fn refusal_by_map_count_names_both_cures() {
        let text = refusal(true);
        for part in
            ["65536 bytes", "32700", "65530", "raise vm.max_map_count", "Linux 6.13", "lower the stack size"]
        {
            assert!(text.contains(part), "{part:?} is missing in: {text}");
        }
    }

    #[test]
    fn refusal_without_guard_mappings_does_not_blame_them() {
        let text = refusal(false);
        assert!(!text.contains("max_map_count") && text.contains("overcommit_memory"), "{text}");
    }

    #[test]
    fn refusal_reads_the_map_limit_of_this_machine() {
        let class = StackClass::new(64 << 10, false).unwrap();
        let error = StackError::refused(class, Step::Map(1 << 30), Errno::NOMEM, 7);
        let Reason::Refused(refusal) = &error.reason else { panic!("{error:?}") };
        assert!(matches!(refusal.map_limit, Some(1..)), "{error:?}");
        assert!(error.to_string().contains("mapping 1073741824 bytes"), "{error}");
    }
}
