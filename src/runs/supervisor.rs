//! Starts processes and stays with them until they end, as many at once as there are: one thread
//! for each stream, one that waits for each process, and one loop to which all of them report.
//!
//! A process that has ended is not taken away before the loop knows of it, so that no signal is
//! ever sent to a number that has become another process's. Only the loop writes files; what is
//! passed on to whoever reads this program's own output is written by the thread that read it,
//! because that may take for ever.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use super::signals::{self, Told};
use super::{Capture, Lines, Process, RunId};

/// How long a stream may stay open once the process has ended: something that it left running may
/// hold it for ever.
const LINGER: Duration = Duration::from_millis(500);

/// How much is read at once, in bytes, and how many such pieces wait to be looked at.
const PIECE: usize = 64 * 1024;
const WAITING: usize = 16;

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

/// What happens.
#[derive(Debug)]
pub enum Event {
    /// A signal for this program. Nothing has been done about it.
    Told(Told),
    /// The observer of a run has learned something.
    Learned(RunId),
    /// A run has ended.
    Ended(RunId, Box<Ended>),
}

/// Why a process could not be started.
#[derive(Debug)]
pub struct StartError {
    /// The cause.
    pub error: io::Error,
    /// The exit code for it: 127 if there is no such program, 126 if it cannot be run, 125
    /// otherwise.
    pub code: u8,
}

enum Message {
    Said(u64, Stream, Vec<u8>),
    NotShown(u64, io::Error),
    Closed(u64),
    Exited(u64),
    Signal(i32),
}

/// Processes that run, and what happens to them.
pub struct Supervisor {
    sender: SyncSender<Message>,
    receiver: Receiver<Message>,
    children: BTreeMap<u64, Child>,
    started: u64,
    told: u32,
}

struct Child {
    run: RunId,
    process: std::process::Child,
    group: bool,
    observer: Box<dyn Observer>,
    capture: Option<Capture>,
    lines: [Lines; 2],
    /// Streams that have not ended, and whether what they still say is of interest.
    open: usize,
    unwanted: Arc<AtomicBool>,
    exited: Option<(ExitStatus, Instant)>,
    deadline: Option<Instant>,
    kill_after: Duration,
    kill_at: Option<Instant>,
    timed_out: bool,
    trouble: Vec<String>,
}

impl Supervisor {
    /// From now on signals that would end this program are told as events.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn new() -> io::Result<Self> {
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        let signals = sender.clone();
        signals::watch(move |signal| signals.send(Message::Signal(signal)).is_ok())?;
        Ok(Self {
            sender,
            receiver,
            children: BTreeMap::new(),
            started: 0,
            told: 0,
        })
    }

    /// Starts a process. What it says goes to `capture`, too.
    ///
    /// # Errors
    ///
    /// When it cannot be started; it has done nothing then.
    pub fn start(
        &mut self,
        run: &RunId,
        spec: &Spec,
        capture: Option<Capture>,
        observer: Box<dyn Observer>,
    ) -> Result<Process, StartError> {
        let mut process = command(spec)
            .and_then(|mut command| command.spawn())
            .map_err(|error| {
                let code = match error.kind() {
                    ErrorKind::NotFound => 127,
                    ErrorKind::WouldBlock | ErrorKind::OutOfMemory => 125,
                    _ => 126,
                };
                StartError { error, code }
            })?;
        let pid = process.id();
        // It stays what it is until it is waited for below.
        let identity = Process::of(pid).unwrap_or(Process {
            pid,
            start_time: String::new(),
        });
        let key = self.started;
        self.started += 1;
        let unwanted = Arc::new(AtomicBool::new(false));
        let mut open = 0;
        if let Some(stream) = process.stdout.take() {
            open += 1;
            self.read(
                key,
                Stream::Out,
                stream,
                spec.shown.then(|| own(&io::stdout())),
                &unwanted,
            );
        }
        if let Some(stream) = process.stderr.take() {
            open += 1;
            self.read(
                key,
                Stream::Err,
                stream,
                spec.shown.then(|| own(&io::stderr())),
                &unwanted,
            );
        }
        let sender = self.sender.clone();
        let id = Pid::from_child(&process);
        thread::spawn(move || {
            let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while matches!(waitid(WaitId::Pid(id), ended), Err(error) if error == rustix::io::Errno::INTR)
            {
            }
            let _ = sender.send(Message::Exited(key));
        });
        let child = Child {
            run: run.clone(),
            process,
            group: !spec.terminal,
            observer,
            capture,
            lines: Default::default(),
            open,
            unwanted,
            exited: None,
            deadline: spec
                .timeout
                .and_then(|timeout| Instant::now().checked_add(timeout)),
            kill_after: spec.kill_after,
            kill_at: None,
            timed_out: false,
            trouble: Vec::new(),
        };
        self.children.insert(key, child);
        Ok(identity)
    }

    fn read(
        &self,
        key: u64,
        which: Stream,
        mut stream: impl Read + Send + 'static,
        shown: Option<io::Result<File>>,
        unwanted: &Arc<AtomicBool>,
    ) {
        let (sender, unwanted) = (self.sender.clone(), Arc::clone(unwanted));
        let mut shown = shown.and_then(Result::ok);
        thread::spawn(move || {
            let mut buffer = vec![0; PIECE];
            loop {
                let read = match stream.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(read) => read,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(_) => break,
                };
                let piece = buffer.get(..read).unwrap_or(&[]);
                let passed_on = shown.as_mut().map_or(Ok(()), |to| pass_on(to, piece));
                if unwanted.load(Ordering::Relaxed)
                    || sender
                        .send(Message::Said(key, which, piece.to_vec()))
                        .is_err()
                {
                    return;
                }
                match passed_on {
                    Ok(()) => {}
                    // Nobody wants to hear it, which it is to notice as it would without us.
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
                    Err(error) => {
                        shown = None;
                        let _ = sender.send(Message::NotShown(key, error));
                    }
                }
            }
            drop(stream);
            let _ = sender.send(Message::Closed(key));
        });
    }

    /// Whether nothing runs.
    pub fn is_idle(&self) -> bool {
        self.children.is_empty()
    }

    /// What happens next, or nothing if that is not before `until`.
    pub fn wait(&mut self, until: Option<Instant>) -> Option<Event> {
        loop {
            if let Some(event) = self.due() {
                return Some(event);
            }
            let now = Instant::now();
            if until.is_some_and(|until| until <= now) {
                return None;
            }
            let next = self
                .children
                .values()
                .filter_map(Child::next)
                .chain(until)
                .min();
            let message = match next {
                Some(next) => self
                    .receiver
                    .recv_timeout(next.saturating_duration_since(now)),
                None => self
                    .receiver
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
            };
            // There is always a sender: this one.
            if let Ok(message) = message
                && let Some(event) = self.take(message)
            {
                return Some(event);
            }
        }
    }

    fn take(&mut self, message: Message) -> Option<Event> {
        let (key, message) = match message {
            Message::Signal(signal) => {
                self.told += 1;
                let times = self.told;
                return Some(Event::Told(Told { signal, times }));
            }
            Message::Said(key, ..)
            | Message::NotShown(key, _)
            | Message::Closed(key)
            | Message::Exited(key) => (key, message),
        };
        let child = self.children.get_mut(&key)?;
        match message {
            Message::Said(_, stream, bytes) => {
                let learned = child.said(stream, &bytes);
                return learned.then(|| Event::Learned(child.run.clone()));
            }
            Message::NotShown(_, error) => {
                child
                    .trouble
                    .push(format!("its output could not be passed on: {error}"));
            }
            Message::Closed(_) => child.open -= 1,
            Message::Exited(_) => child.reap(),
            Message::Signal(_) => {}
        }
        None
    }

    /// Does what is to be done by now; tells of a process of which nothing more is to come.
    fn due(&mut self) -> Option<Event> {
        let now = Instant::now();
        let mut ended = None;
        for (key, child) in &mut self.children {
            match child.exited {
                Some((_, at)) if child.open == 0 || now >= at + LINGER => {
                    ended = Some(*key);
                    break;
                }
                Some(_) => {}
                None => child.hurry(now),
            }
        }
        let child = self.children.remove(&ended?)?;
        let run = child.run.clone();
        Some(Event::Ended(run, Box::new(child.ended())))
    }

    /// What an observer has learned so far of a conversation.
    pub fn conversation(&self, run: &RunId) -> Option<String> {
        let mut children = self.children.values();
        children
            .find(|child| child.run == *run)?
            .observer
            .conversation()
    }

    /// The last line that a run said.
    pub fn last(&self, run: &RunId) -> Option<String> {
        let mut children = self.children.values();
        let child = children.find(|child| child.run == *run)?;
        let [out, err] = &child.lines;
        let said = child.observer.summary();
        said.or_else(|| out.last()).or_else(|| err.last())
    }

    /// The runs whose processes are there, with their numbers.
    pub fn running(&self) -> impl Iterator<Item = (&RunId, u32)> {
        let there = self
            .children
            .values()
            .filter(|child| child.exited.is_none());
        there.map(|child| (&child.run, child.process.id()))
    }

    /// Sends a signal to all that run, or to one of them.
    pub fn signal(&self, only: Option<&RunId>, signal: i32) {
        let Some(signal) = Signal::from_named_raw(signal) else {
            return;
        };
        let meant = |child: &&Child| only.is_none_or(|only| child.run == *only);
        for child in self.children.values().filter(meant) {
            child.send(signal);
        }
    }

    /// Has all processes ended at once that were started here, or one of them, with those that they
    /// started.
    pub fn kill(&self, only: Option<&RunId>) {
        self.signal(only, Signal::KILL.as_raw());
    }
}

impl Child {
    /// Until when something has to be done.
    fn next(&self) -> Option<Instant> {
        match self.exited {
            Some((_, at)) => Some(at + LINGER),
            None => self.deadline.into_iter().chain(self.kill_at).min(),
        }
    }

    fn said(&mut self, stream: Stream, bytes: &[u8]) -> bool {
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

    fn hurry(&mut self, now: Instant) {
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
    }

    fn send(&self, signal: Signal) {
        if self.exited.is_some() {
            return;
        }
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

    fn reap(&mut self) {
        if self.timed_out && self.group {
            // What it leaves behind has had as much time.
            self.send(Signal::KILL);
        }
        let status = self.process.wait().unwrap_or_default();
        self.exited = Some((status, Instant::now()));
    }

    fn ended(mut self) -> Ended {
        self.unwanted.store(true, Ordering::Relaxed);
        let [out, err] = &mut self.lines;
        let observer = &mut self.observer;
        out.finish(&mut |line| _ = observer.line(Stream::Out, line));
        err.finish(&mut |line| _ = observer.line(Stream::Err, line));
        if let Some(error) = self.capture.take().and_then(Capture::finish) {
            self.trouble
                .push(format!("its output could not be kept: {error}"));
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

fn own(stream: &impl AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

/// Writes all of it, to whoever reads at whatever pace.
fn pass_on(to: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or(&[]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Whoever gave us this may have asked not to be waited for.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let _ = poll(&mut [PollFd::new(&*to, PollFlags::OUT)], None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
