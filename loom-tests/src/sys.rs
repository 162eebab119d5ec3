//! What the included files ask of the system: the clock, which stands still here. A deadline passes when
//! the model says so; see `suspend`.

pub(crate) mod clock {
    //! A clock without time.

    use std::time::{Duration, Instant};

    pub(crate) fn now_ns() -> u64 {
        0
    }

    pub(crate) fn after(_timeout: Duration) -> u64 {
        0
    }

    pub(crate) fn at(_deadline: Instant) -> u64 {
        0
    }
}

pub(crate) mod poller {
    //! A poller that hears a doorbell, and nothing else.

    use std::io;
    use std::sync::{Arc, OnceLock};

    use crate::bell::Bell;

    #[derive(Debug)]
    pub(crate) struct Doorbell(Arc<Bell>);

    impl Doorbell {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self(Arc::default()))
        }

        pub(crate) fn ring(&self) {
            self.0.ring();
        }
    }

    #[derive(Debug)]
    pub(crate) struct Poller(OnceLock<Arc<Bell>>);

    impl Poller {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self(OnceLock::new()))
        }

        pub(crate) fn hear(&self, doorbell: &Doorbell) -> io::Result<()> {
            self.0.set(Arc::clone(&doorbell.0)).map_err(|_| io::ErrorKind::AlreadyExists.into())
        }

        pub(crate) fn wait(&self) {
            self.0.get().expect("the owner waits in a poller that hears its bell").wait();
        }
    }
}

pub(crate) mod thread {
    //! Threads without numbers.

    pub(crate) fn id() -> i32 {
        0
    }
}
