//! What is to be written to a device, kept until a line is complete.
//!
//! A text is taken as a whole before any of it is written. So a writer that is unwound while it waits for the device
//! leaves no torn line: the rest is written by whoever comes next, or at the end of the process.

use std::io;

use super::{Descriptor, open};
use crate::device::Device;

/// What is kept of a line that does not end.
const LONGEST: usize = 8 << 10;

/// A device, and what is to be written to it.
pub(super) struct Output {
    descriptor: Descriptor,
    /// Opened by the first write.
    device: Option<Device>,
    pending: Vec<u8>,
    /// How many bytes of `pending` are to be written, whatever comes.
    due: usize,
    keeps_lines: bool,
}

impl Output {
    /// `keeps_lines`: what does not end with a newline is kept.
    pub(super) const fn new(descriptor: Descriptor, keeps_lines: bool) -> Self {
        Self { descriptor, device: None, pending: Vec::new(), due: 0, keeps_lines }
    }

    /// Takes `text`, and writes what is complete.
    ///
    /// # Suspends
    /// While the device has no room.
    /// # Errors
    /// Those of the device. What was taken is kept, to be tried again by the next writer; if it was this that failed,
    /// nothing of `text` was taken.
    pub(super) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        crate::cancel::check();
        // What an earlier writer could not write comes first. While that fails, nothing more is taken.
        self.write_due()?;
        self.pending.extend_from_slice(text);
        let is_long = !self.keeps_lines || self.pending.len() > LONGEST;
        let complete = || text.iter().rposition(|&byte| byte == b'\n').map(|at| text.len() - at - 1);
        self.due = match complete() {
            _ if is_long => self.pending.len(),
            Some(behind) => self.pending.len() - behind,
            None => 0,
        };
        self.write_due()
    }

    /// Writes what was taken.
    ///
    /// # Suspends
    /// While the device has no room.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.due = self.pending.len();
        self.write_due()
    }

    /// What was taken and not written. Nothing is kept from now on.
    pub(super) fn end(&mut self) -> Vec<u8> {
        self.keeps_lines = false;
        self.due = 0;
        std::mem::take(&mut self.pending)
    }

    fn write_due(&mut self) -> io::Result<()> {
        while self.due > 0 {
            let device = open(&mut self.device, self.descriptor)?;
            let written = device.write(&self.pending[..self.due])?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.pending.drain(..written);
            self.due -= written;
        }
        Ok(())
    }
}
