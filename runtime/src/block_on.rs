//! Running a future inside a task, or on a plain thread, as one more thing to wait for.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::task::Wake;

use crate::park::{Waited, wait_in};
use crate::suspend::{Party, masked, unwind_cancelled};
use crate::wait::queue::{Place, Queue};
use crate::wait::waiter::Urgency;

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
    let notice = Arc::new(Notice { queue: Queue::new(false) });
    let waker = Waker::from(Arc::clone(&notice));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        notice.wait();
    }
}

/// Whether the future is to be polled again, and the party that polls it.
struct Notice {
    queue: Queue<bool>,
}

impl Notice {
    fn wait(&self) {
        if self.wait_or_cancelled().is_none() {
            unwind_cancelled();
            // Unwinding already: the future is polled to its end.
            masked(|| self.wait_or_cancelled());
        }
    }

    fn wait_or_cancelled(&self) -> Option<()> {
        let party = Party::enter().ok()?;
        let noticed = |notified: &mut bool| core::mem::take(notified).then_some(());
        match wait_in(&party, &self.queue, Place::Last, (), None, |queue| noticed(&mut queue.state)) {
            Waited::Cancelled => None,
            Waited::AtOnce(()) | Waited::Woken(_) | Waited::TimedOut => Some(()),
        }
    }
}

impl Wake for Notice {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut queue = self.queue.lock();
        let fired = queue.fire_first();
        // Nobody waits: the notice is kept for whoever polls now.
        queue.state |= fired.is_none();
        drop(queue);
        if let Some(fired) = fired {
            fired.leave().wake(Urgency::Queued);
        }
    }
}
