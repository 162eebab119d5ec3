//! Running a future inside a task, or on a plain thread, as one more thing to wait for.
//!
//! Models: block_on.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::task::Wake;

use crate::suspend::{masked, unwind_cancelled};
use crate::sync::Notify;

/// Polls `future` until it is done, and suspends the task in between; on a plain thread, parks it.
///
/// Futures that belong to a runtime of their own (sockets and timers of tokio, say) need that runtime: enter it
/// around the call. Not to be confused with [`Runtime::block_on`](crate::Runtime::block_on), which runs a
/// function as a task.
///
/// **Shape** `Future<Output = T>` to `T`
/// # Suspends
/// Until the future is done.
/// # Cancellation
/// Unwinds silently; the future is dropped.
///
/// # Examples
/// ```
/// moonfleet::run(|| {
///     let task = moonfleet::spawn(|| 20);
///     let answer = moonfleet::block_on(async { task.await.unwrap() + 1 });
///     assert_eq!(answer, 21);
/// });
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let notice = Arc::new(Notice(Notify::new()));
    let waker = Waker::from(Arc::clone(&notice));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        notice.wait();
    }
}

/// The signal that the future is to be polled again.
struct Notice(Notify);

impl Notice {
    fn wait(&self) {
        if self.0.wait_or_cancelled().is_err() {
            unwind_cancelled();
            // Unwinding already: the future is polled to its end.
            let _ = masked(|| self.0.wait_or_cancelled());
        }
    }
}

impl Wake for Notice {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.notify_one();
    }
}
