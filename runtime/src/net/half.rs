//! The two directions of a stream as values of their own, for two tasks.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

use super::stream::Stream;
use crate::io::{Attempt, Reads, Writes};
use crate::reactor::source::Failure;

/// The direction of a stream that is read: what `into_split` gives to the task that reads.
///
/// References to one stream serve two tasks as well; halves are for code that wants to own its side.
///
/// # Examples
/// ```
/// use moonfleet::net::UnixStream;
/// use std::io::{Read, Write};
///
/// moonfleet::run(|| {
///     let (near, far) = UnixStream::pair().unwrap();
///     let (mut reader, mut writer) = near.into_split();
///     let echo = moonfleet::spawn(move || std::io::copy(&mut &far, &mut &far).unwrap());
///     let answer = moonfleet::spawn(move || {
///         let mut text = [0; 4];
///         reader.read_exact(&mut text).map(|()| text).unwrap()
///     });
///     writer.write_all(b"ahoy").unwrap();
///     assert_eq!(&answer.join().unwrap(), b"ahoy");
///     drop(writer);
///     assert_eq!(echo.join().unwrap(), 4);
/// });
/// ```
#[derive(Debug)]
pub struct ReadHalf<S> {
    stream: Arc<S>,
}

/// The direction of a stream that is written. Dropped, it ends that direction: the other side reads the end.
///
/// # Examples
/// See [`ReadHalf`].
#[derive(Debug)]
pub struct WriteHalf<S: Stream> {
    stream: Arc<S>,
    ends_when_dropped: bool,
}

/// Halves of different streams; they come back.
///
/// # Examples
/// ```
/// use moonfleet::net::UnixStream;
///
/// let (near, far) = UnixStream::pair().unwrap();
/// let ((reader, _), (_, writer)) = (near.into_split(), far.into_split());
/// let error = reader.reunite(writer).unwrap_err();
/// assert_eq!(error.to_string(), "these are halves of two streams");
/// ```
pub struct ReuniteError<S: Stream>(pub ReadHalf<S>, pub WriteHalf<S>);

pub(super) fn split<S: Stream>(stream: S) -> (ReadHalf<S>, WriteHalf<S>) {
    let stream = Arc::new(stream);
    (ReadHalf { stream: Arc::clone(&stream) }, WriteHalf { stream, ends_when_dropped: true })
}

impl<S: Stream> ReadHalf<S> {
    /// Puts the stream together again.
    ///
    /// # Errors
    /// [`ReuniteError`] with both halves if they are of different streams.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::UnixStream;
    ///
    /// let (reader, writer) = UnixStream::pair().unwrap().0.into_split();
    /// let _stream: UnixStream = reader.reunite(writer).unwrap();
    /// ```
    pub fn reunite(self, mut writer: WriteHalf<S>) -> Result<S, ReuniteError<S>> {
        if !Arc::ptr_eq(&self.stream, &writer.stream) {
            return Err(ReuniteError(self, writer));
        }
        writer.ends_when_dropped = false;
        drop(writer);
        Ok(Arc::into_inner(self.stream).expect("there were two halves"))
    }
}

impl<S> AsRef<S> for ReadHalf<S> {
    fn as_ref(&self) -> &S {
        &self.stream
    }
}

impl<S: Stream> AsRef<S> for WriteHalf<S> {
    fn as_ref(&self) -> &S {
        &self.stream
    }
}

impl<S> Read for ReadHalf<S>
where
    for<'a> &'a S: Read,
{
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.stream).read(buffer)
    }

    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self.stream).read_vectored(buffers)
    }
}

impl<S: Stream> Write for WriteHalf<S>
where
    for<'a> &'a S: Write,
{
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.stream).write(bytes)
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self.stream).write_vectored(buffers)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.stream).flush()
    }
}

impl<S: Stream> Reads for ReadHalf<S> {
    fn read_by(&self, attempt: Attempt<'_>) -> Result<usize, Failure> {
        self.stream.source().read_with(attempt)
    }
}

impl<S: Stream> Writes for WriteHalf<S> {
    fn write_by(&self, attempt: Attempt<'_>) -> Result<usize, Failure> {
        self.stream.source().write_with(attempt)
    }
}

impl<S: Stream> Drop for WriteHalf<S> {
    fn drop(&mut self) {
        if self.ends_when_dropped {
            // It fails if the connection has ended already.
            let _ = self.stream.shut_down(Shutdown::Write);
        }
    }
}

impl<S: Stream> fmt::Debug for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReuniteError(..)")
    }
}

impl<S: Stream> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these are halves of two streams")
    }
}

impl<S: Stream> Error for ReuniteError<S> {}
