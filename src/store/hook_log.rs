//! What went wrong in hooks, whose own output nobody may see.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

use rustix::fs::OFlags;

use super::lock::{LOCAL, local};
use super::{Store, files};

const FILE: &str = "hook.log";

/// Longest log, in bytes; then it begins anew, with the former one beside it.
const LIMIT: u64 = 64 * 1024;

impl Store {
    /// Adds a line, if there is a sessions folder to say it in. Where that cannot be done there is
    /// no better place to say so.
    pub fn log_hook(&self, line: &str) {
        let tracked = |folder: &PathBuf| {
            let repository = self.repository.as_ref();
            repository.is_some_and(|repository| repository.tracks_below(folder))
        };
        if !self.sessions.is_dir() || tracked(&self.sessions.join(LOCAL)) {
            return;
        }
        let Ok(folder) = local(&self.sessions) else {
            return;
        };
        let path = folder.join(FILE);
        if fs::symlink_metadata(&path).is_ok_and(|meta| meta.len() > LIMIT) {
            let _ = fs::rename(&path, folder.join(format!("{FILE}.1")));
        }
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(files::flags(OFlags::NOFOLLOW | OFlags::NONBLOCK))
            .open(&path);
        if let Ok(mut file) = file
            && file
                .metadata()
                .is_ok_and(|meta| meta.is_file() && meta.nlink() == 1)
        {
            // In one call, so that lines of hooks that run at once do not mix.
            let _ = file.write_all(format!("{line}\n").as_bytes());
        }
    }
}
