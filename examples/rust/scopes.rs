//! Scopes: tasks that borrow from their parent, end before it, and fail together.

use std::time::Duration;

use moonfleet::{scope, time, try_scope};

/// Says so when it is dropped.
struct Farewell(&'static str);

impl Drop for Farewell {
    fn drop(&mut self) {
        println!("{} has ended", self.0);
    }
}

fn main() {
    moonfleet::run(|| {
        // Children may borrow what the parent owns, because the scope waits for them.
        let log = String::from("the moon\nthe fleet\nthe moon and the fleet");
        let longest = scope(|s| {
            let lines: Vec<_> = log.lines().map(|line| s.spawn(move || line.len())).collect();
            lines.into_iter().map(|line| line.join().unwrap()).max().unwrap()
        });
        println!("the longest line of {} has {longest} letters", log.lines().count());

        // They may change it, too, as long as each has its own part.
        let mut depths = [3, 1, 2, 6, 5, 4];
        let (port, starboard) = depths.split_at_mut(3);
        scope(|s| {
            s.spawn(|| port.sort());
            s.spawn(|| starboard.sort());
        });
        println!("each half sorted: {depths:?}");

        // The first error cancels the siblings, and comes out when all have ended.
        let watch = Farewell("the watch");
        let outcome = try_scope(|s| {
            s.spawn(move || {
                let _watch = watch;
                time::sleep(Duration::MAX)
            });
            s.spawn_try(|| "12".parse::<u8>());
            s.spawn_try(|| "twelve".parse::<u8>());
            Ok(())
        });
        println!("the scope: {}", outcome.unwrap_err());
    });
}
