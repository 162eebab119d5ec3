//! How fast two cores hand a cache line to each other and back. On a virtual machine that changes from one minute to
//! the next, by a factor of ten, as its processors are moved about; and with it every figure of two workers.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

const ROUNDS: u32 = 200_000;

/// Both cores may be one, or taken by somebody else; then a round takes a time slice, and there is no figure.
const SPINS: u32 = 10_000_000;

/// The mean time of one round trip between two threads, as text.
pub(crate) fn round_trip() -> String {
    let ball = AtomicU32::new(0);
    let begin = Instant::now();
    let complete = thread::scope(|scope| {
        let partner = scope.spawn(|| (0..ROUNDS).all(|round| wait_for(&ball, 2 * round + 1)));
        let complete = (0..ROUNDS).all(|round| {
            // ORDER: Release; pairs with the Acquire in `wait_for`, as a real hand-over would.
            ball.store(2 * round + 1, Ordering::Release);
            wait_for(&ball, 2 * round + 2)
        });
        complete && partner.join().unwrap_or(false)
    });
    if complete {
        format!("{} ns round trip", begin.elapsed().as_nanos() / u128::from(ROUNDS))
    } else {
        "not measured: the cores are shared".to_owned()
    }
}

/// Waits for the ball to show `value`; the partner answers with the next one.
fn wait_for(ball: &AtomicU32, value: u32) -> bool {
    for _ in 0..SPINS {
        // ORDER: Acquire; pairs with the Release of the partner's store.
        if ball.load(Ordering::Acquire) == value {
            if value % 2 == 1 {
                // ORDER: Release; pairs with the Acquire above, on the other side.
                ball.store(value + 1, Ordering::Release);
            }
            return true;
        }
        spin_loop();
    }
    false
}
