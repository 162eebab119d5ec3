//! Looking names up, on threads kept for that: the system's resolver blocks whoever calls it.
//!
//! A look-up may hang for as long as it likes, if no server of names answers. So nobody is bound to it: it owns
//! what it needs, and a party whose wait is over leaves it behind. The threads are the process's own, not those of
//! the runtime's `blocking`: look-ups that hang keep no file waiting.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::address::{Addresses, Kind, Target, ToSocketAddrs};
use crate::blocking::job::Job;
use crate::blocking::pool::Pool;
use crate::channel::blocking::RecvFailure;
use crate::channel::oneshot;
use crate::config;
use crate::reactor::source::{Failure, settle};
use crate::suspend;
use crate::sys::clock;

/// The addresses of a host, each with `port`.
///
/// Asks the system (`getaddrinfo`: the hosts file, then the servers of names), on another thread.
///
/// **Shape** `(&str, u16) → io::Result<Vec<SocketAddr>>`
/// # Suspends
/// Until the system answers, unless `host` is a numeric address.
/// # Errors
/// The system knows no such host, or could not ask.
/// # Cancellation
/// Unwinds silently; the system goes on asking, and nobody waits for its answer.
///
/// # Examples
/// ```
/// moonfleet::run(|| {
///     let addresses = moonfleet::net::lookup_host("localhost", 80).unwrap();
///     assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 80));
/// });
/// ```
pub fn lookup_host(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(settle(resolve((host, port), None))?.collect())
}

/// The addresses that `target` stands for, found before `deadline_ns`.
///
/// # Suspends
/// If a name has to be looked up. A point of cancellation in any case.
pub(crate) fn resolve(target: impl ToSocketAddrs, deadline_ns: Option<u64>) -> Result<Addresses, Failure> {
    suspend::check()?;
    match target.to_target()? {
        Target(Kind::One(address)) => Ok(address.into()),
        Target(Kind::Many(addresses)) => Ok(addresses.into()),
        Target(Kind::Name { host, port }) => {
            look_up(host, port, deadline_ns, ask_the_system).map(Addresses::from)
        }
    }
}

fn ask_the_system(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    (host, port).to_socket_addrs().map(Iterator::collect)
}

/// Has another thread `ask`, and waits for what it says until `deadline_ns`.
fn look_up<A>(host: String, port: u16, deadline_ns: Option<u64>, ask: A) -> Result<Vec<SocketAddr>, Failure>
where
    A: FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + 'static,
{
    let began_ns = clock::now_ns();
    let (answer, mut answered) = oneshot::pair();
    let name: Arc<str> = host.into();
    let asked = Arc::clone(&name);
    let job = Job::owned(move || drop(answer.send(ask(&asked, port))));
    pool().submit(job).map_err(|refused| io::Error::new(refused.source.kind(), refused.to_string()))?;
    match answered.recv_or_cancelled(deadline_ns) {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(explain(&name, &error).into()),
        Err(RecvFailure::Cancelled) => Err(Failure::Cancelled),
        Err(RecvFailure::TimedOut) => {
            let waited = Duration::from_nanos(clock::now_ns() - began_ns);
            let error = format!("the name `{name}` could not be looked up: no answer within {waited:?}");
            Err(io::Error::new(ErrorKind::TimedOut, error).into())
        }
        Err(RecvFailure::Closed) => {
            Err(io::Error::other(format!("the look-up of the name `{name}` panicked")).into())
        }
    }
}

fn explain(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("the name `{name}` could not be looked up: {error}"))
}

fn pool() -> &'static Arc<Pool> {
    static POOL: OnceLock<Arc<Pool>> = OnceLock::new();
    POOL.get_or_init(|| Pool::new(config::NAME_THREADS, "moonfleet-names"))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;
    use crate::time;

    const ANSWER: &str = "192.0.2.1:7";

    /// A resolver that answers when it is told to, and says that it is being asked.
    fn hanging()
    -> (mpsc::Sender<()>, mpsc::Receiver<()>, impl FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>>) {
        let (go, told) = mpsc::channel::<()>();
        let (asking, asked) = mpsc::channel();
        let ask = move |_: &str, _: u16| {
            asking.send(()).unwrap();
            let _ = told.recv();
            Ok(vec![ANSWER.parse().unwrap()])
        };
        (go, asked, ask)
    }

    fn kind(failure: Failure) -> ErrorKind {
        match failure {
            Failure::Io(error) => error.kind(),
            Failure::Cancelled => panic!("cancelled"),
        }
    }

    #[test]
    fn an_answer_comes_back_to_tasks_and_threads() {
        let ask = |host: &str, port: u16| {
            assert_eq!((host, port), ("deck", 7));
            Ok(vec![ANSWER.parse().unwrap()])
        };
        let look = move || look_up("deck".into(), 7, None, ask).unwrap();
        assert_eq!(look(), [ANSWER.parse().unwrap()]);
        assert_eq!(crate::run(look), [ANSWER.parse().unwrap()]);
    }

    #[test]
    fn a_resolver_that_hangs_is_left_behind_by_a_timeout() {
        let look = || {
            let (_go, _asked, ask) = hanging();
            let soon = clock::after(Duration::from_millis(5));
            let failure = look_up("deck".into(), 7, Some(soon), ask).unwrap_err();
            assert!(format!("{failure:?}").contains("`deck`"), "{failure:?}");
            assert_eq!(kind(failure), ErrorKind::TimedOut);
        };
        look();
        crate::run(look);
    }

    #[test]
    fn a_resolver_that_hangs_is_left_behind_by_a_scope_and_by_a_cancel() {
        crate::run(|| {
            let (_go, _asked, ask) = hanging();
            let began = Instant::now();
            let timeout = Duration::from_millis(5);
            assert!(time::timeout(timeout, || settle(look_up("deck".into(), 7, None, ask))).is_err());
            assert!(began.elapsed() >= timeout);

            let (_go, asked, ask) = hanging();
            let task = crate::spawn(move || settle(look_up("deck".into(), 7, None, ask)));
            crate::blocking(move || asked.recv().unwrap());
            task.cancel();
            assert!(matches!(task.join(), Err(crate::JoinError::Cancelled { .. })));
        });
    }

    #[test]
    fn a_late_answer_goes_nowhere_and_a_panic_is_an_error() {
        let (go, asked, ask) = hanging();
        assert_eq!(kind(look_up("deck".into(), 7, Some(0), ask).unwrap_err()), ErrorKind::TimedOut);
        asked.recv().unwrap();
        drop(go);
        let panics = |_: &str, _: u16| std::panic::resume_unwind(Box::new(()));
        assert_eq!(kind(look_up("deck".into(), 7, None, panics).unwrap_err()), ErrorKind::Other);
    }
}
