//! As much of HTTP as the work needs: where a request ends, and the one reply.

use super::BUFFER_BYTES;

/// The reply of every server but Go's `net/http`, which writes its own head.
pub(super) const REPLY: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, world!";

/// What ends a request that has no body.
const END: &[u8] = b"\r\n\r\n";

/// The bytes of a connection that belong to no complete request yet.
#[derive(Debug)]
pub(super) struct Requests {
    buffer: [u8; BUFFER_BYTES],
    filled: usize,
}

impl Requests {
    pub(super) fn new() -> Requests {
        Requests { buffer: [0; BUFFER_BYTES], filled: 0 }
    }

    /// Where the next bytes go. There is no room once a request is longer than the buffer, and to read into no room
    /// looks like the end of the connection, which it then is.
    pub(super) fn space(&mut self) -> &mut [u8] {
        &mut self.buffer[self.filled..]
    }

    /// Takes in `length` bytes that were read into the space, and answers how many requests they complete.
    pub(super) fn complete(&mut self, length: usize) -> usize {
        let filled = self.filled + length;
        let (mut begin, mut requests) = (0, 0);
        while let Some(end) = self.buffer[begin..filled].windows(END.len()).position(|window| window == END) {
            begin += end + END.len();
            requests += 1;
        }
        self.buffer.copy_within(begin..filled, 0);
        self.filled = filled - begin;
        requests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each piece completes.
    fn completed(pieces: &[&[u8]]) -> Vec<usize> {
        let mut requests = Requests::new();
        let mut put = |piece: &&[u8]| {
            requests.space()[..piece.len()].copy_from_slice(piece);
            requests.complete(piece.len())
        };
        pieces.iter().map(&mut put).collect()
    }

    #[test]
    fn requests_may_come_together_and_in_pieces() {
        assert_eq!(completed(&[b"GET /\r\n\r\nGET /\r\n\r\n"]), [2]);
        assert_eq!(completed(&[b"GET /\r\n\r", b"\nGET /", b"\r\n\r\n"]), [0, 1, 1]);
        assert_eq!(completed(&[b"GET /\r\n", b"Host: a\r\n"]), [0, 0]);
    }

    #[test]
    fn a_full_buffer_has_no_room() {
        let mut requests = Requests::new();
        assert_eq!(requests.complete(BUFFER_BYTES), 0);
        assert!(requests.space().is_empty());
    }
}
