//! Reading and writing an open file: from where it is at, and at offsets.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use super::file::File;
use crate::device::Device;

impl File {
    /// Reads at an offset; the place of the file stays as it is. `Ok(0)`: there is nothing, or the buffer is empty.
    ///
    /// **Shape** `(&File, &mut [u8], u64) → io::Result<usize>`
    /// # Suspends
    /// While the kernel fetches it, if it has to.
    /// # Errors
    /// Those of [`FileExt::read_at`]; of a FIFO, that it has no offsets.
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation).
    ///
    /// # Examples
    /// ```
    /// let file = moonfleet::fs::tempfile().unwrap();
    /// assert_eq!(file.write_at(b"south", 4).unwrap(), 5);
    /// let mut word = [0; 8];
    /// assert_eq!(file.read_at(&mut word, 3).unwrap(), 6);
    /// assert_eq!(&word, b"\0south\0\0");
    /// ```
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match &self.device {
            Device::Disk(disk) => disk.read(buffer, Some(offset)),
            other => other.call(|file| file.read_at(buffer, offset)),
        }
    }

    /// Writes at an offset; the place of the file stays as it is.
    ///
    /// **Shape** `(&File, &[u8], u64) → io::Result<usize>`
    /// # Suspends
    /// Until the kernel has taken it.
    /// # Errors
    /// Those of [`FileExt::write_at`]; of a FIFO, that it has no offsets.
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation).
    ///
    /// # Examples
    /// See [`File::read_at`].
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        match &self.device {
            Device::Disk(disk) => disk.write(bytes, Some(offset)),
            other => other.call(|file| file.write_at(bytes, offset)),
        }
    }

    /// Fills the buffer from an offset.
    ///
    /// **Shape** `(&File, &mut [u8], u64) → io::Result<()>`
    /// # Suspends
    /// As [`File::read_at`].
    /// # Errors
    /// Those of [`File::read_at`]; `UnexpectedEof` if the file ends before.
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation); between two of its steps, it unwinds.
    ///
    /// # Examples
    /// ```
    /// let file = moonfleet::fs::tempfile().unwrap();
    /// file.write_all_at(b"starboard", 0).unwrap();
    /// let mut side = [0; 5];
    /// file.read_exact_at(&mut side, 4).unwrap();
    /// assert_eq!(&side, b"board");
    /// let error = file.read_exact_at(&mut side, 5).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    /// ```
    pub fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            let read = self.read_at(buffer, offset)?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            buffer = &mut buffer[read..];
            offset += read as u64;
        }
        Ok(())
    }

    /// Writes all of `bytes` from an offset on.
    ///
    /// **Shape** `(&File, &[u8], u64) → io::Result<()>`
    /// # Suspends
    /// As [`File::write_at`].
    /// # Errors
    /// Those of [`File::write_at`].
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation); between two of its steps, it unwinds.
    ///
    /// # Examples
    /// See [`File::read_exact_at`].
    pub fn write_all_at(&self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self.write_at(bytes, offset)?;
            if written == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
            bytes = &bytes[written..];
            offset += written as u64;
        }
        Ok(())
    }
}

impl Read for &File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.device.read(buffer)
    }

    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        match &self.device {
            Device::Disk(disk) => disk.read_vectored(buffers),
            other => other.read(first_of(buffers)),
        }
    }

    fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        self.device.read_to_end(bytes)
    }

    fn read_to_string(&mut self, text: &mut String) -> io::Result<usize> {
        let mut bytes = Vec::new();
        self.device.read_to_end(&mut bytes)?;
        let more = String::from_utf8(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        text.push_str(&more);
        Ok(more.len())
    }
}

impl Write for &File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.device.write(bytes)
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        match &self.device {
            Device::Disk(disk) => disk.write_vectored(buffers),
            other => {
                other.write(buffers.iter().find(|buffer| !buffer.is_empty()).map_or(&[], |buffer| buffer))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for &File {
    /// Only the end of a file, which may be far away, is asked for elsewhere.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match (&self.device, to) {
            (Device::Disk(disk), SeekFrom::Start(_) | SeekFrom::Current(_)) => disk.file().seek(to),
            (device, _) => device.call(|mut file| file.seek(to)),
        }
    }
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }

    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(buffers)
    }

    fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        (&*self).read_to_end(bytes)
    }

    fn read_to_string(&mut self, text: &mut String) -> io::Result<usize> {
        (&*self).read_to_string(text)
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(buffers)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        (&*self).seek(to)
    }
}

/// The first buffer that has room.
fn first_of<'a>(buffers: &'a mut [IoSliceMut<'_>]) -> &'a mut [u8] {
    buffers.iter_mut().find(|buffer| !buffer.is_empty()).map_or(&mut [], |buffer| buffer)
}
