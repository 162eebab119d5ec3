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
    //! A doorbell that is no file descriptor.

    use std::io;

    use crate::bell::Bell;

    #[derive(Debug)]
    pub(crate) struct Doorbell(Bell);

    impl Doorbell {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self(Bell::default()))
        }

        pub(crate) fn ring(&self) {
            self.0.ring();
        }

        /// What the owner's poller does.
        pub(crate) fn wait(&self) {
            self.0.wait();
        }
    }
}
