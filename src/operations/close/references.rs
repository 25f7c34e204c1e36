//! Finds where a repository mentions a session, with ripgrep's own walker and byte search: ignore
//! files are respected, binary files skipped, hidden folders such as `.agents` and `.github`
//! searched, files of any size read in bounded memory.
//!
//! Ripgrep's searcher on top of them is left out: it adds regular expressions, context lines and
//! memory maps, none of which one fixed name needs, and a table of every text encoding for the one
//! that matters besides UTF-8, UTF-16 with its mark, which the standard library reads as well.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ignore::{WalkBuilder, WalkState};
use memchr::{memchr, memchr_iter, memmem, memrchr};

use crate::store::is_leftover;

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

/// How much of a file is searched at a time; a longer line is taken apart.
const CHUNK: usize = 1 << 20;

/// The largest file in UTF-16 that is searched, in bytes.
const UTF_16: u64 = 16 << 20;

/// Every place below `root` that mentions `stem` as a whole name, sorted. `skip` says which files
/// and folders do not count; `searched` counts the files.
pub(super) fn find(
    root: &Path,
    stem: &str,
    skip: impl Fn(&Path) -> bool + Sync,
    searched: &AtomicUsize,
) -> Vec<Mention> {
    let found = Mutex::new(Vec::new());
    let finder = memmem::Finder::new(stem);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    WalkBuilder::new(root)
        .hidden(false)
        .require_git(false)
        .threads(threads.min(8))
        .build_parallel()
        .run(|| {
            Box::new(|entry| {
                let Ok(entry) = entry else {
                    return WalkState::Continue;
                };
                let path = entry.path();
                let name = entry.file_name();
                if name == ".git" || is_leftover(name) || skip(path) {
                    return WalkState::Skip;
                }
                if entry.file_type().is_some_and(|kind| kind.is_file()) {
                    searched.fetch_add(1, Ordering::Relaxed);
                    // What cannot be read cannot lead anybody here either.
                    let places = File::open(path).and_then(|file| search(file, &finder));
                    let mentions = places.unwrap_or_default().into_iter();
                    let mentions = mentions.map(|(offset, position)| Mention {
                        path: path.to_owned(),
                        offset,
                        position,
                    });
                    if let Ok(mut found) = found.lock() {
                        found.extend(mentions);
                    }
                }
                WalkState::Continue
            })
        });
    let mut found = found.into_inner().unwrap_or_default();
    found.sort();
    found
}

/// Offset, and line and column from 1.
type Found = (usize, (usize, usize));

/// Where a file has the name, chunk by chunk, each ending with a line.
fn search(mut file: impl Read, finder: &memmem::Finder) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    // Longer than any name and what has to follow it, so that none is cut apart.
    let overlap = finder.needle().len() + 2;
    let mut chunk = Vec::new();
    let (mut offset, mut lines) = (0, 0);
    loop {
        let room = if offset == 0 && chunk.is_empty() {
            HEAD
        } else {
            CHUNK
        };
        let read = file.by_ref().take(room as u64).read_to_end(&mut chunk)?;
        if offset == 0 && lines == 0 {
            let head = chunk.get(..HEAD).unwrap_or(&chunk);
            if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
                file.take(UTF_16).read_to_end(&mut chunk)?;
                let text = utf_16(&chunk);
                return search(text.as_bytes(), finder);
            }
            if memchr(0, head).is_some() {
                return Ok(found);
            }
        }
        let end = match memrchr(b'\n', &chunk) {
            _ if read == 0 => chunk.len(),
            Some(newline) => newline + 1,
            None if chunk.len() < CHUNK => continue,
            None => chunk.len() - overlap,
        };
        let whole = |&at: &usize| at < end && is_whole(&chunk, at, finder.needle().len());
        let mut seen = (0, 1, 1);
        found.extend(finder.find_iter(&chunk).filter(whole).map(|at| {
            seen = advanced(&chunk, seen, at);
            (offset + at, (lines + seen.1, seen.2))
        }));
        if read == 0 {
            return Ok(found);
        }
        lines += memchr_iter(b'\n', chunk.get(..end).unwrap_or(&[])).count();
        offset += end;
        chunk.drain(..end);
    }
}

/// Text in UTF-16, in the byte order that its mark names.
fn utf_16(bytes: &[u8]) -> String {
    let little = bytes.starts_with(&[0xff, 0xfe]);
    let units = bytes.chunks_exact(2).skip(1).filter_map(|pair| {
        let pair = pair.try_into().ok()?;
        Some(if little {
            u16::from_le_bytes(pair)
        } else {
            u16::from_be_bytes(pair)
        })
    });
    let units: Vec<u16> = units.collect();
    String::from_utf16_lossy(&units)
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

/// Offset, line and column of what stands at `offset`, from those of something before it: counting
/// from the start for every mention would take the square of their number.
fn advanced(
    bytes: &[u8],
    (from, line, column): (usize, usize, usize),
    offset: usize,
) -> (usize, usize, usize) {
    let passed = bytes.get(from..offset).unwrap_or(&[]);
    let lines = memchr_iter(b'\n', passed).count();
    let (rest, column) = match memrchr(b'\n', passed) {
        Some(newline) => (passed.get(newline + 1..).unwrap_or(&[]), 1),
        None => (passed, column),
    };
    let columns = String::from_utf8_lossy(rest).chars().count();
    (offset, line + lines, column + columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "20251204-143000-weather";

    fn places(bytes: &[u8]) -> Vec<(usize, usize)> {
        let found = search(bytes, &memmem::Finder::new(NAME)).unwrap();
        for (offset, _) in &found {
            let utf_8 = bytes
                .get(*offset..)
                .is_some_and(|at| at.starts_with(NAME.as_bytes()));
            assert!(utf_8 || !bytes.is_ascii());
        }
        found.into_iter().map(|(_, position)| position).collect()
    }

    #[test]
    fn a_name_is_found_wherever_a_chunk_ends() {
        for before in [
            0,
            1,
            HEAD - 30,
            HEAD - 10,
            HEAD,
            CHUNK - 20,
            CHUNK,
            2 * CHUNK + HEAD - 5,
        ] {
            let filler = "x".repeat(before);
            assert_eq!(
                places(format!("{filler} {NAME}").as_bytes()).len(),
                1,
                "{before}"
            );
            let lines = "0123456\n".repeat(before / 8);
            let text = format!("{lines}é {NAME}.md, {NAME}\n");
            let line = before / 8 + 1;
            assert_eq!(places(text.as_bytes()), [(line, 3), (line, 31)], "{before}");
        }
    }

    #[test]
    fn only_the_whole_name_in_text_counts() {
        assert_eq!(
            places(format!("{NAME}-2 {NAME}s {NAME}- {NAME}_").as_bytes()).len(),
            2
        );
        assert_eq!(places(format!("\0{NAME}").as_bytes()), []);
        let utf_16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            let text = format!("\u{feff}a\nsee {NAME}\n");
            text.encode_utf16().flat_map(order).collect()
        };
        assert_eq!(places(&utf_16(u16::to_le_bytes)), [(2, 5)]);
        assert_eq!(places(&utf_16(u16::to_be_bytes)), [(2, 5)]);
    }
}
