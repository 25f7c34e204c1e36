//! Starts processes and stays with them until they end, as many at once as there are: one thread
//! for each stream, one that waits for each process, and one loop to which all of them report.
//!
//! A process that has ended is not taken away before the loop knows of it, so that no signal is
//! ever sent to a number that has become another process's. Only the loop writes files; what is
//! passed on to whoever reads this program's own output is written by the thread that read it,
//! because that may take for ever.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

use super::child::{Child, cause};
use super::signals::{self, Told};
use super::{Capture, Ended, Observer, Process, RunId, Spec, StartError, Stream};

/// How much is read at once, in bytes, and how many such pieces wait to be looked at.
const PIECE: usize = 64 * 1024;
const WAITING: usize = 16;

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

enum Message {
    Said(u64, Stream, Vec<u8>),
    NotShown(u64, io::Error),
    Closed(u64),
    Exited(u64, Option<i32>),
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
        let mut child = Child::start(run, spec, capture, observer)?;
        let pid = child.process.id();
        // It stays what it is until it is waited for below.
        let identity = Process::of(pid).unwrap_or(Process {
            pid,
            start_time: String::new(),
        });
        let key = self.started;
        self.started += 1;
        if let Some(stream) = child.process.stdout.take() {
            child.open += 1;
            let shown = spec.shown.then(|| own(&io::stdout()));
            self.read(key, Stream::Out, stream, shown, &child.unwanted);
        }
        if let Some(stream) = child.process.stderr.take() {
            child.open += 1;
            let shown = spec.shown.then(|| own(&io::stderr()));
            self.read(key, Stream::Err, stream, shown, &child.unwanted);
        }
        let sender = self.sender.clone();
        let id = Pid::from_child(&child.process);
        thread::spawn(move || {
            let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let signal = loop {
                match waitid(WaitId::Pid(id), ended) {
                    Err(Errno::INTR) => {}
                    Ok(how) => break how.and_then(|how| how.terminating_signal()),
                    Err(_) => break None,
                }
            };
            let _ = sender.send(Message::Exited(key, signal));
        });
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
            | Message::Exited(key, _) => (key, message),
        };
        let child = self.children.get_mut(&key)?;
        match message {
            Message::Said(_, stream, bytes) => {
                let learned = child.said(stream, &bytes);
                return learned.then(|| Event::Learned(child.run.clone()));
            }
            Message::NotShown(_, error) => {
                child.trouble.push(format!(
                    "its output could not be passed on: {}",
                    cause(&error)
                ));
            }
            Message::Closed(_) => child.open -= 1,
            Message::Exited(_, signal) => child.over(signal),
            Message::Signal(_) => {}
        }
        None
    }

    /// Does what is to be done by now; tells of a process of which nothing more is to come.
    fn due(&mut self) -> Option<Event> {
        let now = Instant::now();
        for child in self.children.values_mut() {
            child.hurry(now);
        }
        let mut children = self.children.iter();
        let ended = children.find(|(_, child)| child.is_over(now));
        let ended = ended.map(|(key, _)| *key);
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
    pub fn signal(&mut self, only: Option<&RunId>, signal: i32) {
        let Some(signal) = Signal::from_named_raw(signal) else {
            return;
        };
        let meant = |child: &&mut Child| only.is_none_or(|only| child.run == *only);
        for child in self.children.values_mut().filter(meant) {
            child.send(signal);
        }
    }

    /// Has all processes ended at once that were started here, or one of them, with those that they
    /// started.
    pub fn kill(&mut self, only: Option<&RunId>) {
        self.signal(only, Signal::KILL.as_raw());
    }
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
