//! Timeouts and tokens: ending work that takes too long, or that nobody wants any more.

use std::time::Duration;

use moonfleet::cancel::{self, CancelToken};
use moonfleet::{JoinError, channel, spawn, time};

const SOON: Duration = Duration::from_millis(5);

/// Waits in three layers of code, none of which knows of a limit.
fn ask_the_shore() -> String {
    struct Signal;
    impl Drop for Signal {
        fn drop(&mut self) {
            println!("  the signal is taken down");
        }
    }
    let _signal = Signal;
    let (_nobody, answers) = channel::rendezvous::<String>();
    answers.recv().unwrap()
}

fn main() {
    moonfleet::run(|| {
        // A limit around any code. What it waits for is unwound: destructors run.
        println!("asking: {:?}", time::timeout(SOON, ask_the_shore));

        // Of nested limits the nearest counts; the outer one is not over by that.
        let hour = Duration::from_secs(3600);
        let outer = time::timeout(hour, || time::timeout(SOON, || time::sleep(hour)).is_err());
        println!("the inner limit was the nearer: {outer:?}");

        // What must not be cut in half is masked.
        let masked = time::timeout(Duration::ZERO, || {
            cancel::mask(|| {
                time::sleep(SOON);
                println!("  the sail is set, in its own time");
            });
            time::sleep(SOON)
        });
        println!("setting sail, then a nap: {masked:?}");

        // One token for the fleet, a child of it for each ship.
        let fleet = CancelToken::new();
        let ships = [fleet.child(), fleet.child(), fleet.child()];
        let mut crews = Vec::new();
        for ship in &ships {
            crews.push(spawn(ship.bind(|| time::sleep(Duration::MAX))));
        }
        ships[1].cancel();
        let second = crews.remove(1).join();
        println!("the second ship was called back: {}", matches!(second, Err(JoinError::Cancelled { .. })));
        println!("others called back: {}", ships[0].is_cancelled() || fleet.is_cancelled());
        fleet.cancel();
        let cancelled = crews.into_iter().filter_map(|crew| crew.join().err()).count();
        println!("then the fleet, {cancelled} ships more");
    });
}
