use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use log::debug;
use rustix::fs::OFlags;

use super::files;
use crate::error::{Error, Kind, Result};
use crate::shell;

/// The state of this work tree, in the sessions folder.
pub(super) const LOCAL: &str = ".local";

/// Says whether git tracks anything in a folder's `.local`, which then came from somebody else and
/// is not used.
pub(super) type Tracked<'t> = &'t dyn Fn(&Path) -> bool;

/// Fails once a folder leads out of the project, which it may do at any time.
pub(super) type Inside<'i> = &'i dyn Fn(&Path) -> Result<()>;

/// The lock of a sessions folder. The operating system holds it for the process, so a killed
/// process leaves none behind; dropping it lets the next writer in.
///
/// It is on a file, which says who holds it, and on the folder itself, because whoever removes the
/// file must not let a second writer in.
#[derive(Debug)]
pub struct Lock {
    file: File,
    folder: File,
    sessions: PathBuf,
}

impl Lock {
    /// Makes the folder if need be and waits for its lock.
    ///
    /// `timeout` is for one holder: who waits while others get on with their work is not refused.
    pub(super) fn acquire(
        sessions: &Path,
        timeout: Duration,
        tracked: Tracked,
        inside: Inside,
    ) -> Result<Self> {
        let path = lock_path(sessions, tracked)?;
        let started = Instant::now();
        let mut since = started;
        let mut holder = None;
        let mut pause = Duration::from_millis(1);
        loop {
            match Self::attempt(sessions, &path) {
                Ok(Attempt::Taken(mut lock)) => {
                    inside(sessions)?;
                    lock.sign();
                    debug!("the lock {} took {:?}", path.display(), started.elapsed());
                    return Ok(lock);
                }
                Ok(Attempt::Held(now)) => {
                    if now != holder {
                        (holder, since) = (now, Instant::now());
                    }
                }
                // Somebody is cleaning the folder.
                Err(_) if !sessions.join(LOCAL).exists() => {}
                Err(error) => return Err(error),
            }
            if since.elapsed() >= timeout {
                return Err(timed_out(holder, &path, timeout));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(16));
            inside(sessions)?;
            self::local(sessions)?;
        }
    }

    /// The same without waiting.
    pub(super) fn try_acquire(
        sessions: &Path,
        tracked: Tracked,
        inside: Inside,
    ) -> Result<Option<Self>> {
        let path = lock_path(sessions, tracked)?;
        let Attempt::Taken(mut lock) = Self::attempt(sessions, &path)? else {
            return Ok(None);
        };
        inside(sessions)?;
        lock.sign();
        Ok(Some(lock))
    }

    fn attempt(sessions: &Path, path: &Path) -> Result<Attempt> {
        let failed = |error: &std::io::Error| Error::io("lock the sessions folder", path, error);
        let mut file = open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Attempt::Held(holder_of(&mut file))),
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        let folder = File::open(sessions).map_err(|error| failed(&error))?;
        // Some network file systems lock no folders; there the file has to do.
        let free = !matches!(folder.try_lock(), Err(TryLockError::WouldBlock));
        let lock = Self {
            file,
            folder,
            sessions: sessions.to_owned(),
        };
        // Else it is held under a file that somebody has removed, as this one may be by now.
        if free && lock.is_of(sessions) && is_current(&lock.file, path) {
            return Ok(Attempt::Taken(lock));
        }
        Ok(Attempt::Held(None))
    }

    /// Says who holds it, for those who wait in vain; nothing depends on it.
    fn sign(&mut self) {
        // A file with a second name may be anybody's.
        if self.file.metadata().is_ok_and(|meta| meta.nlink() == 1) {
            // Always as many bytes, so that no block is freed and taken again, which costs as much
            // as a sync; and in one call, which padding by `write!` is not.
            let pid = format!("{:10}", std::process::id());
            let _ = self.file.write_all(pid.as_bytes());
        }
    }

    /// Whether the path still leads to the folder that was locked.
    fn is_of(&self, sessions: &Path) -> bool {
        is_same(&self.folder, fs::metadata(sessions))
    }

    /// Fails unless this is the lock of that folder.
    pub(super) fn guards(&self, sessions: &Path) -> Result<()> {
        if self.sessions != sessions {
            return Err(Error::new(Kind::Usage, "the lock is another folder's").at(sessions, None));
        }
        if self.is_of(sessions) {
            return Ok(());
        }
        let message = "another folder has taken the place of this one; nothing was changed";
        Err(Error::new(Kind::Io, message)
            .at(sessions, None)
            .hint("run the command again"))
    }
}

/// What came of trying to take a lock.
enum Attempt {
    Taken(Lock),
    /// By the process of this id, if it has said so.
    Held(Option<u32>),
}

/// Where the lock is, in a folder that is this work tree's own.
fn lock_path(sessions: &Path, tracked: Tracked) -> Result<PathBuf> {
    Ok(own(sessions, tracked)?.join("lock"))
}

/// The same folder as [`local`], unless git tracks anything in it.
pub(super) fn own(sessions: &Path, tracked: Tracked) -> Result<PathBuf> {
    let local = local(sessions)?;
    if !tracked(&local) {
        return Ok(local);
    }
    let untrack = shell::word(&local.display().to_string());
    Err(
        Error::usage("git tracks this folder, which is every work tree's own")
            .at(&local, None)
            .hint(format!("git rm -r --cached {untrack}")),
    )
}

/// The folder for this work tree's own state, made if it is missing, out of git's sight.
pub(super) fn local(sessions: &Path) -> Result<PathBuf> {
    let local = sessions.join(LOCAL);
    if files::is_link(&local) {
        return Err(Error::usage("this must be a folder, and is a symbolic link").at(&local, None));
    }
    let ignore = local.join(".gitignore");
    if !ignore.exists() {
        files::create_folder(&local)?;
        match files::create(&ignore, b"*\n", None) {
            Err(error) if error.kind != Kind::Ambiguous => return Err(error),
            _ => {}
        }
    }
    Ok(local)
}

pub(super) fn open(path: &Path) -> Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(files::flags(OFlags::NOFOLLOW | OFlags::NONBLOCK))
        .open(path)
        .map_err(|error| {
            if files::is_link(path) {
                Error::usage("this must be a file, and is a symbolic link").at(path, None)
            } else {
                Error::io("open the lock", path, &error)
            }
        })?;
    if file.metadata().is_ok_and(|meta| meta.is_file()) {
        return Ok(file);
    }
    Err(Error::usage("this must be a regular file").at(path, None))
}

/// Whether the path still leads to the file that was locked.
pub(super) fn is_current(file: &File, path: &Path) -> bool {
    is_same(file, fs::symlink_metadata(path))
}

fn is_same(file: &File, now: std::io::Result<fs::Metadata>) -> bool {
    let (Ok(own), Ok(now)) = (file.metadata(), now) else {
        return false;
    };
    own.dev() == now.dev() && own.ino() == now.ino()
}

fn holder_of(file: &mut File) -> Option<u32> {
    let mut holder = String::new();
    file.take(20).read_to_string(&mut holder).ok()?;
    holder.trim().parse().ok()
}

pub(super) fn timed_out(pid: Option<u32>, path: &Path, timeout: Duration) -> Error {
    let holder = pid.map_or("another process".to_owned(), |pid| format!("process {pid}"));
    Error::new(
        Kind::Io,
        format!(
            "{holder} has held the lock for {} s; nothing was changed",
            timeout.as_secs_f64()
        ),
    )
    .at(path, None)
    .hint(match pid {
        Some(pid) => format!("see what it does with `ps {pid}`, then run the command again"),
        None => "run the command again".into(),
    })
}
