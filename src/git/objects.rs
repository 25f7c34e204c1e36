//! What the index and the commits hold.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;

use super::{Repository, announce, is_object_id};
use crate::error::{Error, Result};

/// A path at which the index differs from the last commit.
#[derive(Debug)]
pub struct Staged {
    /// Relative to the top of the work tree.
    pub path: PathBuf,
    /// What the index holds there.
    pub entry: Entry,
}

/// What the index holds at a path.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A file: the id of its content.
    File(String),
    /// A symbolic link.
    Link,
    /// Another repository.
    Submodule,
    /// The sides of a merge that is not resolved.
    Unmerged,
}

/// The content of an object.
#[derive(Debug)]
pub enum Blob {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// More than was asked for: so many bytes.
    TooLarge(u64),
    /// The repository does not have it.
    Missing,
}

impl Repository {
    /// What the next commit adds or changes, unmerged paths included. In a hook this is the index
    /// that git prepared for the commit, which need not be the one on disk.
    ///
    /// # Errors
    ///
    /// When git cannot be started or fails.
    pub fn staged(&self) -> Result<Vec<Staged>> {
        let mut command = self.command(["diff", "--cached", "--raw", "-z", "--no-abbrev"]);
        command.args(["--no-renames", "--no-ext-diff", "--diff-filter=AMTU"]);
        let output = self.output(self.in_hook(&mut command))?;
        let mut fields = output.split(|byte| *byte == 0);
        let mut staged = Vec::new();
        // `:MODE MODE ID ID STATUS`, before and in the index, then the path.
        while let (Some(meta), Some(path)) = (fields.next(), fields.next()) {
            let meta = String::from_utf8_lossy(meta);
            let meta: Vec<_> = meta.split(' ').collect();
            let [_, mode, _, id, status] = meta.as_slice() else {
                return Err(Error::usage("git lists its index in an unknown form"));
            };
            staged.push(Staged {
                path: OsString::from_vec(path.to_vec()).into(),
                entry: match (*status, *mode) {
                    ("U", _) => Entry::Unmerged,
                    (_, "120000") => Entry::Link,
                    (_, "160000") => Entry::Submodule,
                    _ => Entry::File((*id).to_owned()),
                },
            });
        }
        Ok(staged)
    }

    /// The contents of objects, in the order of `ids`; none of more than `limit` bytes.
    ///
    /// # Errors
    ///
    /// When git cannot be started or fails.
    pub fn blobs(&self, ids: &[&str], limit: u64) -> Result<Vec<Blob>> {
        let failed = |error: io::Error| Error::io("read from git", &self.top, &error);
        let mut command = self.command(["cat-file", "--batch"]);
        announce(self.in_hook(&mut command));
        let mut git = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Error::io("run git", &self.top, &error))?;
        let (questions, answers) = (git.stdin.take(), git.stdout.take());
        let blobs = thread::scope(|scope| {
            // Git answers while it is asked: who writes all before reading waits for ever.
            scope.spawn(move || {
                let mut questions = questions?;
                // If git has stopped, its answers end too early, and that is said below.
                questions.write_all((ids.join("\n") + "\n").as_bytes()).ok()
            });
            let Some(answers) = answers else {
                return Ok(Vec::new());
            };
            let mut answers = BufReader::new(answers);
            ids.iter().map(|_| blob(&mut answers, limit)).collect()
        });
        let blobs = blobs.map_err(failed);
        git.wait().map_err(failed)?;
        blobs
    }

    /// The id of the object that the last commit has at `path`, if its content is `bytes`.
    pub fn committed(&self, path: &Path, bytes: &[u8]) -> Option<String> {
        let top = fs::canonicalize(&self.top).ok()?;
        let path = fs::canonicalize(path).ok()?;
        let mut name = OsString::from("HEAD:");
        name.push(path.strip_prefix(top).ok()?);
        let args = [
            OsStr::new("rev-parse"),
            OsStr::new("-q"),
            OsStr::new("--verify"),
            &name,
        ];
        let id = self.run(args).ok()?.trim_end().to_owned();
        (self.object(&id, bytes.len() as u64)? == bytes).then_some(id)
    }

    /// The content of the object with this id, if it has at most `limit` bytes.
    pub fn object(&self, id: &str, limit: u64) -> Option<Vec<u8>> {
        if !is_object_id(id) {
            return None;
        }
        match self.blobs(&[id], limit).ok()?.pop()? {
            Blob::Bytes(bytes) => Some(bytes),
            Blob::TooLarge(_) | Blob::Missing => None,
        }
    }
}

/// One answer of `cat-file --batch`: `ID TYPE SIZE`, then as many bytes and a line break; or
/// `ID missing`.
fn blob(answers: &mut impl BufRead, limit: u64) -> io::Result<Blob> {
    let mut head = String::new();
    if answers.read_line(&mut head)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let size = head.trim_end().rsplit(' ').next().map(str::parse::<u64>);
    let Some(Ok(size)) = size else {
        return Ok(Blob::Missing);
    };
    let mut content = answers.take(size);
    let blob = if size > limit {
        io::copy(&mut content, &mut io::sink())?;
        Blob::TooLarge(size)
    } else {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        Blob::Bytes(bytes)
    };
    answers.read_exact(&mut [0])?;
    Ok(blob)
}
