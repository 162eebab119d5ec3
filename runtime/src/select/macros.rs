//! The `select!` macro: arms as locals, the winner's code as the value.

/// Waits for the first of several channel operations and runs the code of the one that was done.
///
/// Arms, separated by commas (a block needs none):
/// - `recv(receiver) -> pattern => code`: the pattern gets a `Result<T, RecvError>`;
/// - `send(sender, message) -> pattern => code`: it gets a `Result<(), SendError<T>>`;
///
/// and, last, at most one of
/// - `default => code`: if no arm is ready at once;
/// - `timeout(duration) => code`, `deadline(instant) => code`: if none is ready in time.
///
/// The message of every `send` arm is computed before the wait, and dropped if its arm loses; use
/// [`SendArm`](crate::select::SendArm) to keep it. Among arms that are ready, chance decides.
///
/// # Suspends
/// Until an arm is ready, unless there is a `default`. An arm on a closed channel is ready.
///
/// # Examples
/// ```
/// use moonfleet::{channel, select};
/// use std::time::Duration;
///
/// let (tx, numbers) = channel::bounded(1);
/// let (out, log) = channel::bounded(1);
/// tx.send(20).unwrap();
/// out.send("the log is full now").unwrap();
///
/// let seen = select! {
///     recv(numbers) -> n => n.unwrap() + 1,
///     send(out, "a line") -> sent => { sent.unwrap(); 0 }
///     timeout(Duration::from_secs(1)) => unreachable!(),
/// };
/// assert_eq!(seen, 21);
/// # drop(log);
/// ```
#[macro_export]
macro_rules! select {
    // ── the end of the arms: how long to wait, then the choice ─────────────────────────────────────────
    (@arms $done:tt default => $code:expr $(,)?) => {
        $crate::select!(@choose $done $crate::select::Wait::Poll, $code)
    };
    (@arms $done:tt timeout($timeout:expr) => $code:expr $(,)?) => {
        $crate::select!(@choose $done
            $crate::select::Wait::Until($crate::select::deadline_after($timeout)), $code)
    };
    (@arms $done:tt deadline($deadline:expr) => $code:expr $(,)?) => {
        $crate::select!(@choose $done $crate::select::Wait::Until($deadline), $code)
    };
    (@arms $done:tt) => {
        $crate::select!(@choose $done $crate::select::Wait::Forever,
            unreachable!("a select without a deadline ends with an arm"))
    };
    // ── one arm: a local that lives as long as the rest of the expansion ────────────────────────────────
    (@arms [$($done:tt)*] recv($receiver:expr) -> $result:pat => $code:block $(, $($rest:tt)*)?) => {
        match ($crate::select::RecvArm::new(&$receiver),) {
            (mut arm,) => $crate::select!(@arms [$($done)* (arm, $result, $code)] $($($rest)*)?)
        }
    };
    (@arms [$($done:tt)*] recv($receiver:expr) -> $result:pat => $code:block $($rest:tt)*) => {
        match ($crate::select::RecvArm::new(&$receiver),) {
            (mut arm,) => $crate::select!(@arms [$($done)* (arm, $result, $code)] $($rest)*)
        }
    };
    (@arms [$($done:tt)*] recv($receiver:expr) -> $result:pat => $code:expr $(, $($rest:tt)*)?) => {
        match ($crate::select::RecvArm::new(&$receiver),) {
            (mut arm,) => $crate::select!(@arms [$($done)* (arm, $result, $code)] $($($rest)*)?)
        }
    };
    (@arms [$($done:tt)*] send($sender:expr, $message:expr) -> $result:pat => $code:block $(, $($rest:tt)*)?) => {
        match ($crate::select::SendArm::new(&$sender, $message),) {
            (mut arm,) => $crate::select!(@arms [$($done)* (arm, $result, $code)] $($($rest)*)?)
        }
    };
    (@arms [$($done:tt)*] send($sender:expr, $message:expr) -> $result:pat => $code:block $($rest:tt)*) => {
        match ($crate::select::SendArm::new(&$sender, $message),) {
            (mut arm,) => $crate::select!(@arms [$($done)* (arm, $result, $code)] $($rest)*)
        }
    };
    (@arms [$($done:tt)*] send($sender:expr, $message:expr) -> $result:pat => $code:expr $(, $($rest:tt)*)?) => {
        match ($crate::select::SendArm::new(&$sender, $message),) {
            (mut arm,) => $crate::select!(@arms [$($done)* (arm, $result, $code)] $($($rest)*)?)
        }
    };
    // ── the choice: the arm that holds a result is the one that fired ───────────────────────────────────
    (@choose [$(($arm:ident, $result:pat, $code:expr))*] $wait:expr, $otherwise:expr) => {{
        $crate::select::select(&mut [$(&mut $arm as &mut dyn $crate::select::Arm),*], $wait);
        $(if let Some(result) = $arm.take() {
            match result { $result => $code }
        } else)* {
            $otherwise
        }
    }};
    // ── entry ───────────────────────────────────────────────────────────────────────────────────────────
    ($($arms:tt)+) => {
        $crate::select!(@arms [] $($arms)+)
    };
}
