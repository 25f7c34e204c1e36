//! One process that runs.

use std::io::{self, ErrorKind};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::process::members;
use super::{Capture, Input, Lines, Observer, RunId, Spec, Stream};

/// How long a stream may stay open once the process has ended: something that it left running may
/// hold it for ever.
const LINGER: Duration = Duration::from_millis(500);

/// How often it is looked whether a group that is to end has.
const LOOK: Duration = Duration::from_millis(20);

/// Signals with which somebody ends a program, as against those by which it breaks down.
pub const ENDING: [i32; 5] = [1, 2, 3, 9, 15];

/// Why a process could not be started.
#[derive(Debug)]
pub struct StartError {
    /// The cause.
    pub error: io::Error,
    /// The exit code for it: 127 if there is no such program, 126 if it cannot be run, 125
    /// otherwise.
    pub code: u8,
}

/// How a process ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether that is because it took too long.
    pub timed_out: bool,
    /// The last lines that said something, of standard output and standard error.
    pub last: [Option<String>; 2],
    /// See [`Observer::conversation`].
    pub conversation: Option<String>,
    /// See [`Observer::summary`].
    pub summary: Option<String>,
    /// See [`Observer::failure`].
    pub failure: Option<String>,
    /// See [`Observer::complaint`].
    pub complaint: Option<String>,
    /// See [`Observer::forgot`].
    pub forgot: bool,
    /// What of its output could not be kept or passed on, and why.
    pub trouble: Vec<String>,
}

/// A process, and what is known of it so far.
pub(super) struct Child {
    pub run: RunId,
    pub process: std::process::Child,
    group: bool,
    /// Whether it was sent a signal, so that all of its group is to end with it.
    told: bool,
    /// When to look next whether its group has ended; it itself has, and nobody has asked how.
    look_at: Option<Instant>,
    pub observer: Box<dyn Observer>,
    capture: Option<Capture>,
    pub lines: [Lines; 2],
    /// Streams that have not ended, and whether what they still say is of interest.
    pub open: usize,
    pub unwanted: Arc<AtomicBool>,
    pub exited: Option<(ExitStatus, Instant)>,
    deadline: Option<Instant>,
    kill_after: Duration,
    kill_at: Option<Instant>,
    timed_out: bool,
    pub trouble: Vec<String>,
}

impl Child {
    /// Starts a process.
    pub fn start(
        run: &RunId,
        spec: &Spec,
        capture: Option<Capture>,
        observer: Box<dyn Observer>,
    ) -> Result<Self, StartError> {
        let process = command(spec).and_then(|mut command| command.spawn());
        let process = process.map_err(|error| {
            let code = match error.kind() {
                ErrorKind::NotFound => 127,
                ErrorKind::WouldBlock | ErrorKind::OutOfMemory => 125,
                _ => 126,
            };
            StartError { error, code }
        })?;
        let deadline = |timeout| Instant::now().checked_add(timeout);
        Ok(Self {
            run: run.clone(),
            process,
            group: !spec.terminal,
            told: false,
            look_at: None,
            observer,
            capture,
            lines: Default::default(),
            open: 0,
            unwanted: Arc::default(),
            exited: None,
            deadline: spec.timeout.and_then(deadline),
            kill_after: spec.kill_after,
            kill_at: None,
            timed_out: false,
            trouble: Vec::new(),
        })
    }

    /// Whether nothing more is to come of it.
    pub fn is_over(&self, now: Instant) -> bool {
        let left = |(_, at): (ExitStatus, Instant)| self.open > 0 && now < at + LINGER;
        self.exited.is_some_and(|exited| !left(exited))
    }

    /// Until when something has to be done.
    pub fn next(&self) -> Option<Instant> {
        match self.exited {
            Some((_, at)) => Some(at + LINGER),
            None => [self.deadline, self.kill_at, self.look_at]
                .into_iter()
                .flatten()
                .min(),
        }
    }

    /// Takes what it said; says whether its observer has learned something.
    pub fn said(&mut self, stream: Stream, bytes: &[u8]) -> bool {
        if let Some(capture) = &mut self.capture {
            capture.write(bytes);
        }
        let [out, err] = &mut self.lines;
        let lines = match stream {
            Stream::Out => out,
            Stream::Err => err,
        };
        let (observer, mut learned) = (&mut self.observer, false);
        lines.feed(bytes, &mut |line| learned |= observer.line(stream, line));
        learned
    }

    /// Ends it if it takes too long.
    pub fn hurry(&mut self, now: Instant) {
        if self.exited.is_some() {
            return;
        }
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.deadline = None;
            self.timed_out = true;
            self.kill_at = now.checked_add(self.kill_after);
            self.send(Signal::TERM);
        }
        if self.kill_at.is_some_and(|kill| kill <= now) {
            self.kill_at = None;
            self.send(Signal::KILL);
        }
        if self.look_at.is_some_and(|look| look <= now) {
            self.look_at = Some(now + LOOK);
            // What was killed need not be waited for.
            if self.kill_at.is_none() || members(self.process.id()).is_empty() {
                self.reap();
            }
        }
    }

    /// Sends it a signal, and to all of its group if it has one of its own.
    pub fn send(&mut self, signal: Signal) {
        if self.exited.is_some() {
            return;
        }
        self.told = true;
        let pid = Pid::from_child(&self.process);
        let send = if self.group {
            kill_process_group
        } else {
            kill_process
        };
        // It may have ended just now; there is nobody to be told then.
        let _ = send(pid, signal);
        // One that was stopped hears of nothing else before it goes on.
        let _ = send(pid, Signal::CONT);
    }

    /// It has ended, by a signal perhaps. What is left of its group ends, too, if it was told to; as
    /// long as nobody has asked how it ended, the number of the group is no other one's.
    pub fn over(&mut self, signal: Option<i32>) {
        self.deadline = None;
        let told = self.told || signal.is_some_and(|signal| ENDING.contains(&signal));
        if !self.group || !told || members(self.process.id()).is_empty() {
            return self.reap();
        }
        self.send(Signal::TERM);
        let now = Instant::now();
        self.kill_at = self.kill_at.or(now.checked_add(self.kill_after));
        self.look_at = Some(now + LOOK);
    }

    fn reap(&mut self) {
        let status = self.process.wait().unwrap_or_default();
        self.exited = Some((status, Instant::now()));
    }

    /// All that is known of its end.
    pub fn ended(mut self) -> Ended {
        self.unwanted.store(true, Ordering::Relaxed);
        let [out, err] = &mut self.lines;
        let observer = &mut self.observer;
        out.finish(&mut |line| _ = observer.line(Stream::Out, line));
        err.finish(&mut |line| _ = observer.line(Stream::Err, line));
        if let Some(error) = self.capture.take().and_then(Capture::finish) {
            let cause = cause(&error);
            self.trouble
                .push(format!("its output could not be kept: {cause}"));
        }
        let status = self.exited.map(|(status, _)| status).unwrap_or_default();
        Ended {
            code: status.code(),
            signal: status.signal(),
            timed_out: self.timed_out,
            last: [out.last(), err.last()],
            conversation: self.observer.conversation(),
            summary: self.observer.summary(),
            failure: self.observer.failure(),
            complaint: self.observer.complaint(),
            forgot: self.observer.forgot(status.code()),
            trouble: self.trouble,
        }
    }
}

fn command(spec: &Spec) -> io::Result<Command> {
    let (program, arguments) = spec.argv.split_first().ok_or(ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(spec.folder);
    for name in &spec.remove {
        command.env_remove(name);
    }
    command.envs(spec.set.iter().map(|(name, value)| (name, value)));
    command.stdin(match (spec.terminal, spec.input) {
        (true, _) | (_, Input::Inherited) => Stdio::inherit(),
        (false, Input::Nothing) => Stdio::null(),
    });
    if !spec.terminal {
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
    }
    Ok(command)
}

/// A failure without its number, which means nothing to most.
pub(super) fn cause(error: &io::Error) -> String {
    let cause = error.to_string();
    cause
        .split(" (os error")
        .next()
        .unwrap_or(&cause)
        .to_owned()
}
