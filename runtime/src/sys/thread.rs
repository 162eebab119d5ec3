//! This OS thread, as the kernel numbers it.

/// What `gettid` says.
pub(crate) fn id() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}
