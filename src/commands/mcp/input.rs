use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// Input of which no line is longer than allowed. One that is would be collected in memory, or left
/// out so that its sender waits forever; reading fails instead, which ends the connection.
pub(super) struct Bounded<R> {
    inner: R,
    limit: u64,
    /// Of the line that is being read.
    length: u64,
    exceeded: Exceeded,
}

/// Whether a line was too long.
#[derive(Clone, Default)]
pub(super) struct Exceeded(Arc<AtomicBool>);

impl Exceeded {
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<R> Bounded<R> {
    /// Allows lines of `limit` bytes.
    pub fn new(inner: R, limit: u64) -> (Self, Exceeded) {
        let exceeded = Exceeded::default();
        let bounded = Self {
            inner,
            limit,
            length: 0,
            exceeded: exceeded.clone(),
        };
        (bounded, exceeded)
    }

    /// Whether more bytes leave every line as short as it must be.
    fn fits(&mut self, bytes: &[u8]) -> bool {
        let mut longest = 0;
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if index > 0 {
                self.length = 0;
            }
            self.length += line.len() as u64;
            longest = self.length.max(longest);
        }
        longest <= self.limit
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Bounded<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let new = buffer.filled().get(before..).unwrap_or_default();
        // The end of the input ends the last line, too.
        if new.is_empty() && self.length > 0 && buffer.remaining() > 0 {
            buffer.put_slice(b"\n");
            self.length = 0;
            return Poll::Ready(Ok(()));
        }
        if self.fits(new) {
            return Poll::Ready(Ok(()));
        }
        self.exceeded.0.store(true, Ordering::Relaxed);
        Poll::Ready(Err(io::Error::other("a line is too long")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_is_the_line_however_it_arrives() {
        let fits = |pieces: &[&[u8]]| {
            let (mut bounded, _) = Bounded::new((), 4);
            pieces.iter().all(|piece| bounded.fits(piece))
        };
        assert!(fits(&[b"1234\n1234", b"\n", b"12", b"34\n\n"]));
        for pieces in [&[&b"12345"[..]][..], &[b"1\n123", b"45"], &[b"1\n12345\n1"]] {
            assert!(!fits(pieces), "{pieces:?}");
        }
    }
}
