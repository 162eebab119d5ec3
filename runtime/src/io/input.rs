//! What was read from a device and not asked for yet.
//!
//! A line is taken when it is there whole, so a reader that is unwound while it waits for the rest of one takes
//! nothing with it.

use std::io::{self, BufRead, ErrorKind, Read};

use super::{Descriptor, open};
use crate::device::Device;

/// What is read at once.
const PIECE: usize = 8 << 10;

/// A device, and what was read from it.
pub(super) struct Input {
    descriptor: Descriptor,
    /// Opened by the first read.
    device: Option<Device>,
    bytes: Vec<u8>,
    /// What was taken already.
    taken: usize,
    /// Where a piece arrives, before it stands behind the others.
    piece: Vec<u8>,
}

impl Input {
    pub(super) const fn new(descriptor: Descriptor) -> Self {
        Self { descriptor, device: None, bytes: Vec::new(), taken: 0, piece: Vec::new() }
    }

    /// Reads one piece more, behind what there is; `false`: there is no more, for now.
    fn read_more(&mut self) -> io::Result<bool> {
        self.piece.resize(PIECE, 0);
        // An unwind that ends the wait leaves the bytes as they were.
        let read = open(&mut self.device, self.descriptor)?.read(&mut self.piece)?;
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(&self.piece[..read]);
        Ok(read > 0)
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// How many bytes there are up to `delimiter` and with it, or to the end of the input.
    fn wait_for(&mut self, delimiter: u8) -> io::Result<usize> {
        let mut searched = 0;
        loop {
            let rest = self.rest();
            if let Some(at) = rest[searched..].iter().position(|&byte| byte == delimiter) {
                return Ok(searched + at + 1);
            }
            searched = rest.len();
            if !self.read_more()? {
                return Ok(searched);
            }
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest().is_empty() && buffer.len() >= PIECE {
            return open(&mut self.device, self.descriptor)?.read(buffer);
        }
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest().is_empty() {
            self.read_more()?;
        }
        Ok(self.rest())
    }

    fn consume(&mut self, amount: usize) {
        self.taken = (self.taken + amount).min(self.bytes.len());
    }

    fn read_until(&mut self, delimiter: u8, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let length = self.wait_for(delimiter)?;
        bytes.extend_from_slice(&self.rest()[..length]);
        self.consume(length);
        Ok(length)
    }

    /// A line that is no UTF-8 is taken, and is lost with the error, as in std.
    fn read_line(&mut self, text: &mut String) -> io::Result<usize> {
        let length = self.wait_for(b'\n')?;
        let line = str::from_utf8(&self.rest()[..length]).map(|line| text.push_str(line));
        self.consume(length);
        match line {
            Ok(()) => Ok(length),
            Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
        }
    }
}
