//! Finds where a repository mentions a session, with ripgrep's own libraries: ignore files are
//! respected, binary files skipped, hidden folders such as `.agents` and `.github` searched.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ignore::{DirEntry, WalkBuilder, WalkState};
use memchr::{memchr, memmem};

/// A mention.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mention {
    /// The file.
    pub path: PathBuf,
    /// Offset of its first byte.
    pub offset: usize,
    /// One-based line and column, the column counted in characters.
    pub position: (usize, usize),
}

/// How much of a file is looked at to tell whether it is binary.
const HEAD: usize = 8192;

/// Every place below `root` that mentions `stem` as a whole name, sorted. `skip` says which files
/// and folders do not count.
pub(super) fn find(root: &Path, stem: &str, skip: impl Fn(&Path) -> bool + Sync) -> Vec<Mention> {
    let found = Mutex::new(Vec::new());
    let finder = memmem::Finder::new(stem);
    let visit = |entry: &DirEntry| {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return;
        }
        let Ok(bytes) = std::fs::read(entry.path()) else {
            return;
        };
        if memchr(0, bytes.get(..HEAD).unwrap_or(&bytes)).is_some() {
            return;
        }
        let mentions: Vec<_> = finder
            .find_iter(&bytes)
            .filter(|&at| is_whole(&bytes, at, stem.len()))
            .map(|offset| Mention {
                path: entry.path().to_owned(),
                offset,
                position: position(&bytes, offset),
            })
            .collect();
        if let Ok(mut found) = found.lock() {
            found.extend(mentions);
        }
    };
    WalkBuilder::new(root)
        .hidden(false)
        .require_git(false)
        .threads(
            std::thread::available_parallelism()
                .map_or(1, usize::from)
                .min(8),
        )
        .build_parallel()
        .run(|| {
            Box::new(|entry| {
                let Ok(entry) = entry else {
                    return WalkState::Continue;
                };
                if entry.file_name() == ".git" || skip(entry.path()) {
                    return WalkState::Skip;
                }
                visit(&entry);
                WalkState::Continue
            })
        });
    let mut found = found.into_inner().unwrap_or_default();
    found.sort();
    found
}

/// Whether the name ends here: `…-weather` is not mentioned by `…-weather-2`.
fn is_whole(bytes: &[u8], at: usize, len: usize) -> bool {
    let mut after = bytes.get(at + len..).unwrap_or(&[]).iter();
    let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    match after.next() {
        Some(b'-') => !word(after.next()),
        next => !word(next),
    }
}

fn position(bytes: &[u8], offset: usize) -> (usize, usize) {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let column = String::from_utf8_lossy(before.get(start..).unwrap_or(&[]));
    (line, column.chars().count() + 1)
}
