//! The ledger of runs on disk, with what each run says beside it.
//!
//! Everything is in `.local/runs`. The ledger is read without a lock and replaced as a whole under
//! one of its own, which is the innermost of all: whoever has the lock of the sessions may take it,
//! and nobody who has it waits for another one, starts a process or asks.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use log::debug;
use rustix::io::Errno;

use super::leftovers::paths;
use super::lock::{self, LOCAL};
use super::{Store, files};
use crate::document::sha256;
use crate::error::{Error, Kind, Result};
use crate::runs::{Invalid, Ledger, Run, RunId, Unreadable, Updates, ledger};
use crate::shell;

const FOLDER: &str = "runs";
const LEDGER: &str = "ledger.json";
const PENDING: &str = "pending-";
const ASIDE: &str = "set-aside-";

/// What may pass if it is tried again.
const PASSING: [Errno; 6] = [
    Errno::AGAIN,
    Errno::BUSY,
    Errno::INTR,
    Errno::IO,
    Errno::MFILE,
    Errno::NFILE,
];

/// How often it is tried, and how long it is waited before the second time; then twice as long each.
const ATTEMPTS: u32 = 7;
/// Enough for a record and the folder's own growth, in bytes.
const RESERVE: usize = 16 * 1024;

const PAUSE: Duration = Duration::from_millis(10);

/// What a change of the ledger came upon.
#[derive(Debug, Default)]
pub struct Found {
    /// What was no record, and the file in which it is kept now.
    pub aside: Vec<(Invalid, PathBuf)>,
    /// Files of what could not be written down before, and now is.
    pub recovered: usize,
    /// The copy of the ledger of an older version.
    pub backup: Option<PathBuf>,
}

impl Store {
    /// The ledger as it is; nothing if there is none.
    ///
    /// # Errors
    ///
    /// When it is of a newer version, or cannot be read.
    pub fn runs(&self) -> Result<Option<Ledger>> {
        let folder = self.runs_path();
        if files::is_link(&self.sessions.join(LOCAL)) {
            return Ok(None);
        }
        read_ledger(&folder)
            .map(|found| found.map(|(_, ledger)| ledger))
            .map_err(|error| self.relocate(error))
    }

    /// Whether something waits to be written down.
    pub fn has_pending_runs(&self) -> bool {
        pending(&self.runs_path()).next().is_some()
    }

    /// What could not be written down, with the reasons, and what was set aside.
    pub fn runs_beside(&self) -> (Vec<(PathBuf, String)>, Vec<PathBuf>) {
        let folder = self.runs_path();
        let pending = pending(&folder).map(|path| {
            let error = files::read(&path).ok();
            let error = error.and_then(|bytes| ledger::pending_error(&bytes));
            (path, error.unwrap_or_default())
        });
        let mut aside: Vec<_> = paths(&folder)
            .filter(|path| starts_with(path, ASIDE))
            .collect();
        aside.sort();
        (pending.collect(), aside)
    }

    /// The file of the ledger.
    pub fn runs_ledger(&self) -> PathBuf {
        self.runs_path().join(LEDGER)
    }

    /// The file with what a run says.
    pub fn run_log(&self, run: &RunId) -> PathBuf {
        self.runs_path().join(format!("{run}.log"))
    }

    /// Makes the folder of the ledger, if it is missing.
    ///
    /// # Errors
    ///
    /// When git tracks it, or the operating system refuses.
    pub fn make_runs_folder(&self) -> Result<PathBuf> {
        let make = |sessions: &Path, tracked: lock::Tracked, inside: lock::Inside| {
            inside(sessions)?;
            let folder = lock::own(sessions, tracked)?.join(FOLDER);
            if files::is_link(&folder) {
                let error = Error::usage("this must be a folder, and is a symbolic link");
                return Err(error.at(&folder, None));
            }
            files::create_folder(&folder)?;
            Ok(folder)
        };
        self.acquire(&self.sessions, make)
    }

    /// Changes the ledger under its lock, durably, after what waited to be written down. Nothing is
    /// written if nothing changes. What may pass is tried again.
    ///
    /// # Errors
    ///
    /// When `change` fails, a record would be none, the ledger is of a newer version, or the
    /// operating system refuses; nothing is lost then.
    pub fn update_runs<T>(
        &self,
        change: impl FnOnce(&mut Ledger) -> Result<T>,
    ) -> Result<(T, Found)> {
        let update = || {
            let (folder, _lock) = persistently(|| {
                let folder = self.make_runs_folder()?;
                let lock = self.lock_runs(&folder)?;
                Ok((folder, lock))
            })?;
            let path = folder.join(LEDGER);
            let waiting: Vec<_> = pending(&folder).collect();
            let (old, mut ledger) = persistently(|| with_pending(&folder, &waiting))?;
            let outcome = change(&mut ledger)?;
            let forgotten = ledger.prune(ledger::KEPT);
            let new = ledger.to_bytes().map_err(|invalid| {
                Error::usage(format!("{invalid}; nothing was written")).at(&path, None)
            })?;
            let beside = beside(&folder, &ledger, &old);
            for (path, bytes) in &beside {
                persistently(|| files::put(path, bytes))?;
            }
            if new != old {
                persistently(|| files::put(&path, &new))?;
            }
            for path in &waiting {
                // Brought in once more it says the same.
                let _ = fs::remove_file(path);
            }
            for run in forgotten {
                self.forget_run_log(&run);
            }
            let mut kept = beside.into_iter().map(|(path, _)| self.shown(&path));
            let aside = ledger.aside.iter().map(|aside| aside.invalid.clone());
            let found = Found {
                aside: aside.zip(kept.by_ref()).collect(),
                recovered: waiting.len(),
                backup: kept.next(),
            };
            Ok((outcome, found))
        };
        update().map_err(|error| self.relocate(error))
    }

    /// Writes down all that is known of runs; without anything to write down it does nothing.
    ///
    /// # Errors
    ///
    /// As for [`Self::update_runs`]; then it is still to be written down.
    pub fn flush_runs(&self, updates: &mut Updates) -> Result<Found> {
        if updates.is_empty() {
            return Ok(Found::default());
        }
        let runs = updates.runs();
        let ((), found) = self.update_runs(|ledger| {
            for run in &runs {
                ledger.put(run.clone());
            }
            Ok(())
        })?;
        updates.clear();
        Ok(found)
    }

    /// Writes a run down that has not been so before, with an id of its own, behind all others.
    ///
    /// # Errors
    ///
    /// As for [`Self::update_runs`].
    pub fn record_run(&self, run: &mut Run) -> Result<Found> {
        let written = self.update_runs(|ledger| {
            let last = ledger.runs.keys().next_back();
            run.id = RunId::new(run.started_at, last);
            // The last one may be of a time that is still to come.
            while ledger.runs.contains_key(&run.id) {
                run.id = RunId::new(run.started_at, None);
            }
            ledger.put(run.clone());
            Ok(())
        });
        written.map(|((), found)| found)
    }

    /// Keeps beside the ledger what could not be written into it, for the next one that writes
    /// there. Returns the file.
    ///
    /// # Errors
    ///
    /// When that cannot be written either.
    pub fn keep_pending(&self, updates: &Updates, why: &Error) -> Result<PathBuf> {
        let runs = updates.runs();
        let keep = || {
            let folder = self.make_runs_folder()?;
            let name = runs.first().map_or("", |run| run.id.as_str());
            let path = folder.join(format!("{PENDING}{name}.json"));
            files::put(&path, &ledger::pending(&runs, &why.to_string()))?;
            Ok(path)
        };
        keep()
            .map(|path| self.shown(&path))
            .map_err(|error| self.relocate(error))
    }

    /// Takes some space for the end of a run, which is to be written down on a full disk, too. Where
    /// there is none nobody has to know yet.
    pub fn reserve_for(&self, run: &RunId) {
        let _ = fs::write(self.reserve(run), [0; RESERVE]);
    }

    /// Gives it back.
    pub fn release(&self, run: &RunId) {
        let _ = fs::remove_file(self.reserve(run));
    }

    fn reserve(&self, run: &RunId) -> PathBuf {
        self.runs_path().join(format!("{run}.reserve"))
    }

    /// Forgets the runs that have ended, but for the last `keep`, with what they said. Returns how
    /// many.
    ///
    /// # Errors
    ///
    /// As for [`Self::update_runs`].
    pub fn prune_runs(&self, keep: usize) -> Result<usize> {
        let (forgotten, _) = self.update_runs(|ledger| {
            let forgotten = ledger.prune(keep);
            let kept: Vec<_> = ledger.runs.keys().cloned().collect();
            Ok((forgotten, kept))
        })?;
        let (forgotten, kept) = forgotten;
        for run in &forgotten {
            self.forget_run_log(run);
        }
        let (_, aside) = self.runs_beside();
        // What was set aside may be about any of them.
        if aside.is_empty() {
            for path in paths(&self.runs_path()) {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let run = name.split_once(".log").and_then(|(id, _)| RunId::parse(id));
                // Those that have begun since are later ones.
                if run.is_some_and(|run| {
                    kept.last().is_some_and(|last| run < *last) && !kept.contains(&run)
                }) {
                    let _ = fs::remove_file(&path);
                }
            }
        }
        Ok(forgotten.len())
    }

    /// Removes what a run said.
    pub fn forget_run_log(&self, run: &RunId) {
        self.release(run);
        let begin = format!("{run}.log");
        for path in paths(&self.runs_path()).filter(|path| starts_with(path, &begin)) {
            // It is of no use any more, and takes some space if it stays.
            let _ = fs::remove_file(path);
        }
    }

    fn runs_path(&self) -> PathBuf {
        self.sessions.join(LOCAL).join(FOLDER)
    }

    fn lock_runs(&self, folder: &Path) -> Result<File> {
        let path = folder.join("lock");
        let timeout = self.config.lock_timeout();
        let started = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            let file = lock::open(&path)?;
            match file.try_lock() {
                Ok(()) if lock::is_current(&file, &path) => return Ok(file),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    return Err(Error::io("lock the ledger of runs", &path, &error));
                }
            }
            if started.elapsed() >= timeout {
                return Err(lock::timed_out(None, &path, timeout));
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(16));
        }
    }
}

fn read_ledger(folder: &Path) -> Result<Option<(Vec<u8>, Ledger)>> {
    let path = folder.join(LEDGER);
    let bytes = match files::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind == Kind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match Ledger::parse(&bytes) {
        Ok(ledger) => Ok(Some((bytes, ledger))),
        Err(newer) => Err(unreadable(newer, &path)),
    }
}

/// The ledger with what waited to be written down, and its bytes without.
fn with_pending(folder: &Path, waiting: &[PathBuf]) -> Result<(Vec<u8>, Ledger)> {
    let (old, mut ledger) = read_ledger(folder)?.unwrap_or_default();
    for path in waiting {
        let mut left = match Ledger::parse(&files::read(path)?) {
            Ok(left) => left,
            Err(newer) => return Err(unreadable(newer, path)),
        };
        ledger.aside.append(&mut left.aside);
        for run in left.runs.into_values() {
            ledger.put(run);
        }
    }
    Ok((old, ledger))
}

/// What is kept beside the ledger: a file for each thing in it that is no record, in their order,
/// then the whole of one of an older version.
fn beside<'l>(folder: &Path, ledger: &'l Ledger, old: &'l [u8]) -> Vec<(PathBuf, &'l [u8])> {
    let aside = ledger.aside.iter().map(|aside| {
        let mut hash = sha256(&aside.bytes);
        hash.truncate(12);
        let path = folder.join(format!("{ASIDE}{hash}.json"));
        (path, aside.bytes.as_slice())
    });
    let backup = ledger.migrated.map(|version| {
        let path = folder.join(format!("ledger.v{version}.json"));
        (path, old)
    });
    aside.chain(backup).collect()
}

fn unreadable(newer: Unreadable, path: &Path) -> Error {
    let Unreadable::Newer(version) = newer;
    let message = format!(
        "this ledger of runs has version {version}, and this program knows none after {}; nothing \
         was changed",
        ledger::VERSION
    );
    let path_word = shell::word(&path.display().to_string());
    Error::usage(message).at(path, None).hint(format!(
        "update agentsess, or move it away: mv {path_word} {path_word}.newer"
    ))
}

/// Tries again what may pass.
fn persistently<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        match attempt() {
            Err(error) if is_passing(&error) => {
                debug!("the ledger of runs: {error}; tried again in {pause:?}");
                thread::sleep(pause);
                pause *= 2;
            }
            result => return result,
        }
    }
    attempt()
}

fn is_passing(error: &Error) -> bool {
    let errno = error.errno.map(Errno::from_raw_os_error);
    errno.is_some_and(|errno| PASSING.contains(&errno))
}

fn pending(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let is = |path: &PathBuf| {
        starts_with(path, PENDING) && path.extension().is_some_and(|end| end == "json")
    };
    let mut found: Vec<_> = paths(folder).filter(is).collect();
    found.sort();
    found.into_iter()
}

fn starts_with(path: &Path, begin: &str) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(begin.as_bytes())
}
