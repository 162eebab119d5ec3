//! Which signal.

use std::ffi::c_int;
use std::fmt;

/// A signal, by its number.
///
/// # Examples
/// ```
/// use moonfleet::signal::Signal;
///
/// assert_eq!(Signal::from_raw(15), Signal::TERMINATE);
/// assert_eq!(Signal::INTERRUPT.to_string(), "SIGINT");
/// assert_eq!(Signal::from_raw(40).to_string(), "signal 40");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signal(c_int);

/// The signals that have names here, with the kernel's.
macro_rules! signals {
    ($($(#[$doc:meta])* $NAME:ident = $SIG:ident;)*) => {
        impl Signal {
            $($(#[$doc])* pub const $NAME: Self = Self(libc::$SIG);)*

            fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$NAME => Some(stringify!($SIG)),)*
                    _ => None,
                }
            }
        }
    };
}

signals! {
    /// A timer of the process has run out.
    ALARM = SIGALRM;
    /// A child process has ended or stopped.
    CHILD = SIGCHLD;
    /// The terminal is gone; to a daemon: read the settings again.
    HANGUP = SIGHUP;
    /// The user has pressed Ctrl-C.
    INTERRUPT = SIGINT;
    /// Something was written to a pipe that nobody reads.
    PIPE = SIGPIPE;
    /// The user has pressed Ctrl-\.
    QUIT = SIGQUIT;
    /// The process is asked to end.
    TERMINATE = SIGTERM;
    /// What the program makes of it.
    USER1 = SIGUSR1;
    /// What the program makes of it.
    USER2 = SIGUSR2;
    /// The size of the terminal has changed.
    WINDOW_CHANGE = SIGWINCH;
}

impl Signal {
    /// The signal of this number, if there is one: [`Signals::new`](super::Signals::new) finds out.
    ///
    /// # Examples
    /// See [`Signal`].
    #[must_use]
    pub const fn from_raw(number: c_int) -> Self {
        Self(number)
    }

    /// The signal's number.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::signal::Signal::INTERRUPT.as_raw(), 2);
    /// ```
    #[must_use]
    pub const fn as_raw(self) -> c_int {
        self.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}
