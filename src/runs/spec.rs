//! What is to be started, and who reads along.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// Which of its two streams a process spoke on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// What a process reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Nothing.
    Nothing,
    /// The standard input of this program.
    Inherited,
}

/// What is to be started.
#[derive(Debug)]
pub struct Spec<'s> {
    /// The program and its arguments.
    pub argv: &'s [OsString],
    /// Where.
    pub folder: &'s Path,
    /// Variables that it gets.
    pub set: Vec<(OsString, OsString)>,
    /// Variables that it does not get.
    pub remove: Vec<&'s str>,
    /// Its standard input.
    pub input: Input,
    /// Whether it has this program's terminal for itself; then it stays in this process group, and
    /// nothing that it says is seen here.
    pub terminal: bool,
    /// Whether what it says is passed on.
    pub shown: bool,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// How long after that it is killed if it still has not ended.
    pub kill_after: Duration,
}

/// Reads along.
pub trait Observer {
    /// A line that it said, without its end; of one longer than [`super::LINE_LIMIT`] the
    /// beginning. Says whether that told something new.
    fn line(&mut self, stream: Stream, line: &[u8]) -> bool;

    /// The host's id of the conversation, once it is known.
    fn conversation(&self) -> Option<String> {
        None
    }

    /// What it says came of it, where that is not just the last line.
    fn summary(&self) -> Option<String> {
        None
    }

    /// Why it says that it failed, if it does, whatever its exit code.
    fn failure(&self) -> Option<String> {
        None
    }

    /// What it complained about, which is why it failed if its exit code says that it did.
    fn complaint(&self) -> Option<String> {
        None
    }

    /// Whether it says, with this exit code too, that it does not know the conversation that it was
    /// to go on with.
    fn forgot(&self, _: Option<i32>) -> bool {
        false
    }
}

/// Reads nothing.
#[derive(Debug)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn line(&mut self, _: Stream, _: &[u8]) -> bool {
        false
    }
}
