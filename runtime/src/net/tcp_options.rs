//! Settings of a TCP connection: when it sends, how it finds out that the other side is gone, how it ends.

use std::io::{self, ErrorKind};
use std::time::Duration;

use rustix::net::sockopt;

use super::TcpStream;

/// When a connection on which nothing passes is checked, and when it is given up.
///
/// # Examples
/// ```
/// use moonfleet::net::{KeepAlive, TcpListener, TcpStream};
/// use std::time::Duration;
///
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
/// let minute = Duration::from_secs(60);
/// stream.set_keepalive(Some(KeepAlive::after(minute).every(minute / 6).times(3))).unwrap();
/// assert_eq!(stream.keepalive().unwrap().unwrap().idle(), minute);
/// stream.set_keepalive(None).unwrap();
/// assert_eq!(stream.keepalive().unwrap(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    idle: Duration,
    interval: Option<Duration>,
    retries: Option<u32>,
}

impl KeepAlive {
    /// A first check after `idle` without any data. Counted in whole seconds, rounded up.
    ///
    /// # Examples
    /// See [`KeepAlive`].
    #[must_use]
    pub const fn after(idle: Duration) -> Self {
        Self { idle, interval: None, retries: None }
    }

    /// Further checks after `interval` each, if there is no answer. Unless told, the system says how often.
    ///
    /// # Examples
    /// See [`KeepAlive`].
    #[must_use]
    pub const fn every(self, interval: Duration) -> Self {
        Self { interval: Some(interval), ..self }
    }

    /// The connection is given up after `checks` without an answer. Unless told, the system says how many.
    ///
    /// # Examples
    /// See [`KeepAlive`].
    #[must_use]
    pub const fn times(self, checks: u32) -> Self {
        Self { retries: Some(checks), ..self }
    }

    /// After how long the first check is made.
    ///
    /// # Examples
    /// See [`KeepAlive`].
    #[must_use]
    pub const fn idle(&self) -> Duration {
        self.idle
    }
}

impl From<Duration> for KeepAlive {
    fn from(idle: Duration) -> Self {
        Self::after(idle)
    }
}

impl TcpStream {
    /// Whether small writes are sent at once, instead of waiting for more or for the other side's word
    /// (`TCP_NODELAY`).
    ///
    /// # Examples
    /// See the [module](crate::net).
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        Ok(sockopt::set_tcp_nodelay(&self.source, nodelay)?)
    }

    /// Whether small writes are sent at once.
    ///
    /// # Examples
    /// See the [module](crate::net).
    pub fn nodelay(&self) -> io::Result<bool> {
        Ok(sockopt::tcp_nodelay(&self.source)?)
    }

    /// Whether what comes in is acknowledged at once; the kernel may go back to its own ways later
    /// (`TCP_QUICKACK`).
    ///
    /// # Examples
    /// See the [module](crate::net).
    pub fn set_quickack(&self, quickack: bool) -> io::Result<()> {
        Ok(sockopt::set_tcp_quickack(&self.source, quickack)?)
    }

    /// Whether what comes in is acknowledged at once.
    ///
    /// # Examples
    /// See the [module](crate::net).
    pub fn quickack(&self) -> io::Result<bool> {
        Ok(sockopt::tcp_quickack(&self.source)?)
    }

    /// Has the kernel find out whether the other side is still there when nothing passes. `None`, the beginning: it
    /// does not.
    ///
    /// # Errors
    /// `InvalidInput` for a time of zero, or more than the kernel takes (32767 s).
    ///
    /// # Examples
    /// See [`KeepAlive`].
    pub fn set_keepalive(&self, keepalive: Option<KeepAlive>) -> io::Result<()> {
        if let Some(KeepAlive { idle, interval, retries }) = keepalive {
            sockopt::set_tcp_keepidle(&self.source, whole_seconds(idle)?)?;
            if let Some(interval) = interval {
                sockopt::set_tcp_keepintvl(&self.source, whole_seconds(interval)?)?;
            }
            if let Some(retries) = retries {
                sockopt::set_tcp_keepcnt(&self.source, retries)?;
            }
        }
        Ok(sockopt::set_socket_keepalive(&self.source, keepalive.is_some())?)
    }

    /// When the kernel finds out whether the other side is still there.
    ///
    /// # Examples
    /// See [`KeepAlive`].
    pub fn keepalive(&self) -> io::Result<Option<KeepAlive>> {
        if !sockopt::socket_keepalive(&self.source)? {
            return Ok(None);
        }
        Ok(Some(KeepAlive {
            idle: sockopt::tcp_keepidle(&self.source)?,
            interval: Some(sockopt::tcp_keepintvl(&self.source)?),
            retries: Some(sockopt::tcp_keepcnt(&self.source)?),
        }))
    }

    /// What becomes of bytes that were not sent when the last handle is dropped or closed. `None`, the beginning:
    /// the kernel sends them later. Zero: they are dropped, and the other side gets a reset.
    ///
    /// Any other time has the *thread* that drops the last handle wait in the kernel: in a task, the worker with all
    /// its tasks. Use [`shutdown`](TcpStream::shutdown) and read to the end instead.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::{TcpListener, TcpStream};
    /// use std::io::{ErrorKind, Read};
    /// use std::time::Duration;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// near.set_linger(Some(Duration::ZERO)).unwrap();
    /// assert_eq!(near.linger().unwrap(), Some(Duration::ZERO));
    /// let (mut far, _) = listener.accept().unwrap();
    /// drop(near);
    /// assert_eq!(far.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    /// ```
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        Ok(sockopt::set_socket_linger(&self.source, linger)?)
    }

    /// How long dropping the last handle may wait for bytes that were not sent.
    ///
    /// # Examples
    /// See [`TcpStream::set_linger`].
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        Ok(sockopt::socket_linger(&self.source)?)
    }
}

/// At least `time`, which is at least a second.
fn whole_seconds(time: Duration) -> io::Result<Duration> {
    if time.is_zero() || time > Duration::from_secs(32_767) {
        let error = format!("a keep-alive time of {time:?}: give it 1 to 32767 seconds");
        return Err(io::Error::new(ErrorKind::InvalidInput, error));
    }
    Ok(Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0)))
}
