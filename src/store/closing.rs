//! What a close in progress needs: that there is only one, and what it has done so far.

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use super::lock::{self, local};
use super::{Store, files};
use crate::error::{Error, Kind, Result};

/// Held for as long as a close writes, files and deletes, its programs included; unlike the lock
/// of the folder, which other writers wait for.
#[derive(Debug)]
pub struct Closing {
    _file: File,
}

impl Store {
    /// Keeps every other close of this folder out.
    ///
    /// # Errors
    ///
    /// When another close is at work, of kind [`Kind::Unmet`], or the operating system refuses.
    pub fn begin_closing(&self) -> Result<Closing> {
        // With it comes the proof that `.local` is ours.
        drop(self.lock()?);
        let path = local(&self.sessions)?.join("close.lock");
        loop {
            let file = lock::open(&path).map_err(|error| self.relocate(error))?;
            match file.try_lock() {
                Ok(()) if lock::is_current(&file, &path) => return Ok(Closing { _file: file }),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(second()),
                Err(TryLockError::Error(error)) => {
                    return Err(Error::io("lock the folder for closing", &path, &error));
                }
            }
        }
    }

    /// Fails while another close is at work, whose ledger would be misread.
    ///
    /// # Errors
    ///
    /// As for [`Self::begin_closing`].
    pub fn refuse_second_closing(&self) -> Result<()> {
        let path = self.sessions.join(lock::LOCAL).join("close.lock");
        match files::open(&path).map(|file| file.try_lock_shared()) {
            Ok(Err(TryLockError::WouldBlock)) => Err(second()),
            // Without the file nobody has it locked.
            _ => Ok(()),
        }
    }

    /// The ledger of a session's close, if one was begun and not finished.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn ledger(&self, stem: &str) -> Result<Option<Vec<u8>>> {
        match files::read(&self.ledger_path(stem)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(self.relocate(error)),
        }
    }

    /// Makes a ledger durable, in place of the one that has the bytes `old`.
    ///
    /// # Errors
    ///
    /// When it has other bytes by now, or the operating system refuses.
    pub fn write_ledger(
        &self,
        _: &Closing,
        stem: &str,
        old: Option<&[u8]>,
        new: &[u8],
    ) -> Result<()> {
        let path = self.ledger_path(stem);
        let folder = path.parent().unwrap_or(&self.sessions);
        let written = files::create_folder(folder).and_then(|()| match old {
            Some(old) => files::replace(&path, old, new),
            None => files::create(&path, new, Some(0o600)).map(|()| true),
        });
        if written.map_err(|error| self.relocate(error))? {
            return Ok(());
        }
        Err(
            Error::new(Kind::Io, "another program has rewritten this file")
                .at(&self.shown(&path), None)
                .hint("run the command again"),
        )
    }

    /// Removes the ledger of a close that is done.
    pub fn remove_ledger(&self, _: &Closing, stem: &str) {
        // One that stays names a session that is gone, and is looked at by nobody.
        let _ = std::fs::remove_file(self.ledger_path(stem));
    }

    /// Where the ledger of a session's close is.
    pub fn ledger_path(&self, stem: &str) -> PathBuf {
        self.ledgers().join(format!("{stem}.json"))
    }

    /// The folder of ledgers.
    pub(super) fn ledgers(&self) -> PathBuf {
        self.sessions.join(lock::LOCAL).join("close")
    }
}

fn second() -> Error {
    let message = "another close is at work in this folder; nothing was changed";
    Error::new(Kind::Unmet, message).hint("agentsess list")
}
