use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
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

/// The lock of a sessions folder. The operating system holds it for the process, so a killed
/// process leaves none behind; dropping it lets the next writer in.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    sessions: PathBuf,
}

impl Lock {
    /// Makes the folder if need be and waits for its lock.
    ///
    /// `tracked` says whether git tracks anything in the folder's `.local`, which then came from
    /// somebody else and is not used.
    pub(super) fn acquire(
        sessions: &Path,
        timeout: Duration,
        tracked: &dyn Fn(&Path) -> bool,
    ) -> Result<Self> {
        let local = local(sessions)?;
        if tracked(&local) {
            return Err(
                Error::usage("git tracks this folder, which is every work tree's own")
                    .at(&local, None)
                    .hint(format!(
                        "git rm -r --cached {}",
                        shell::word(&local.display().to_string())
                    )),
            );
        }
        let path = local.join("lock");
        let started = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            let mut file = open(&path)?;
            match file.try_lock() {
                Ok(()) if is_current(&file, &path) => {
                    // For those who wait in vain; nothing depends on it. Always as many bytes, so
                    // that no block is freed and taken again, which costs as much as a sync; and
                    // in one call, which padding by `write!` is not.
                    let _ = file.write_all(format!("{:10}", std::process::id()).as_bytes());
                    debug!("the lock {} took {:?}", path.display(), started.elapsed());
                    return Ok(Self {
                        _file: file,
                        sessions: sessions.to_owned(),
                    });
                }
                // Somebody cleaned the folder: this lock is no longer the one that counts.
                Ok(()) => continue,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    return Err(Error::io("lock the sessions folder", &path, &error));
                }
            }
            if started.elapsed() >= timeout {
                return Err(timed_out(&mut file, &path, timeout));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(16));
        }
    }

    /// Fails unless this is the lock of that folder.
    pub(super) fn guards(&self, sessions: &Path) -> Result<()> {
        if self.sessions == sessions {
            return Ok(());
        }
        Err(Error::new(Kind::Usage, "the lock is another folder's").at(sessions, None))
    }
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
    OpenOptions::new()
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
        })
}

/// Whether the path still leads to the file that was locked.
pub(super) fn is_current(file: &File, path: &Path) -> bool {
    let (Ok(own), Ok(now)) = (file.metadata(), fs::symlink_metadata(path)) else {
        return false;
    };
    own.dev() == now.dev() && own.ino() == now.ino()
}

fn timed_out(file: &mut File, path: &Path, timeout: Duration) -> Error {
    let mut holder = String::new();
    let _ = file
        .rewind()
        .and_then(|()| file.take(20).read_to_string(&mut holder));
    let pid = holder.trim().parse::<u32>().ok();
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
