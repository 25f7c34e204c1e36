//! The terminal on which is asked, in the one place where it is made.

use std::io::{self, Stderr, Write};
use std::os::fd::{AsRawFd, RawFd};

use dialoguer::console::Term;

/// What a prompt hides the cursor with, DEC private mode 25.
const HIDE: &[u8] = b"\x1b[?25l";

/// Standard error, on which the cursor stays: Ctrl-C at a prompt ends this program, and nobody would
/// show it again.
#[derive(Debug)]
struct WithCursor(Stderr);

impl Write for WithCursor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match bytes {
            HIDE => Ok(bytes.len()),
            bytes => self.0.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl AsRawFd for WithCursor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// The terminal for every prompt.
pub(super) fn terminal() -> Term {
    Term::read_write_pair(io::stdin(), WithCursor(io::stderr()))
}
