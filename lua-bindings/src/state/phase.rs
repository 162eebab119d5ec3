//! [`Phase`]: where a task is in its life.

/// Where a task is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Phase {
    /// It could run, and has not started or has stepped aside.
    Ready,
    Running,
    /// It is suspended until something happens.
    Waiting,
    /// It returned.
    Done,
    /// It ended with an error.
    Failed,
    /// It ended because it was cancelled.
    Cancelled,
}

impl Phase {
    pub(crate) fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}
