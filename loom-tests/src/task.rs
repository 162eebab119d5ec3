//! The leaf protocols of the runtime's tasks.

#[path = "../../runtime/src/task/claim.rs"]
pub(crate) mod claim;
#[path = "../../runtime/src/task/limits.rs"]
pub(crate) mod limits;
#[path = "../../runtime/src/task/summons.rs"]
pub(crate) mod summons;

pub(crate) mod header {
    //! A task as a stop knows it: it has limits, and can be told to look at them.

    use std::sync::Arc;

    use crate::bell::Bell;
    use crate::task::limits::Limits;

    /// Told of the same task through each of its clones.
    #[derive(Debug, Clone)]
    pub(crate) struct TaskRef(Arc<Task>);

    #[derive(Debug)]
    struct Task {
        limits: Limits,
        told: Bell,
    }

    impl TaskRef {
        pub(crate) fn new() -> Self {
            Self(Arc::new(Task { limits: Limits::new(true), told: Bell::default() }))
        }

        pub(crate) fn to_ref(&self) -> Self {
            self.clone()
        }

        /// For the loom thread that runs the task.
        pub(crate) fn limits(&self) -> &Limits {
            &self.0.limits
        }

        pub(crate) fn tell(&self) {
            self.0.told.ring();
        }

        /// Waits until somebody tells the task something.
        pub(crate) fn wait(&self) {
            self.0.told.wait();
        }
    }
}
