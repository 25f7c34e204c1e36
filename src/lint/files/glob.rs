use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use super::is_session;
use crate::error::{Error, Result};
use crate::store::Store;

/// A glob that no shell has expanded. It selects sessions.
pub(crate) struct Glob {
    /// The folder up to which there is nothing to expand.
    start: PathBuf,
    /// What folders must match, by their depth below `start`, as far as all of them are at one
    /// depth.
    folders: Vec<GlobMatcher>,
    /// Whether the glob goes deeper than `folders`.
    any_depth: bool,
    whole: GlobMatcher,
}

impl Glob {
    /// `None` if the argument has nothing to expand.
    pub fn new(store: &Store, argument: &Path) -> Result<Option<Self>> {
        const META: [char; 4] = ['*', '?', '[', '{'];
        let Some(text) = argument.to_str().filter(|text| text.contains(META)) else {
            return Ok(None);
        };
        let literal = text
            .split_inclusive('/')
            .take_while(|part| part.ends_with('/') && !part.contains(META));
        let literal: usize = literal.map(str::len).sum();
        let (before, pattern) = text.split_at_checked(literal).unwrap_or(("", text));
        // Without the `/` at its end.
        let start: PathBuf = store.absolute(Path::new(before)).components().collect();
        let base = globset::escape(&start.to_string_lossy());
        let matcher = |pattern: &str| {
            GlobBuilder::new(&format!("{base}/{pattern}"))
                .literal_separator(true)
                .build()
                .map(|glob| glob.compile_matcher())
        };
        let whole = matcher(pattern).map_err(|error| {
            let error = error.kind().to_string();
            Error::usage(format!("this glob is wrong: {error}"))
                .at(argument, None)
                .hint("agentsess lint --show-files")
        })?;
        let ends = pattern.match_indices('/').map(|(at, _)| at);
        let levels: Vec<_> = ends.filter_map(|end| pattern.get(..end)).collect();
        // Part of an alternative like `{a/b,c}` is no glob, and only the whole can decide.
        let folders: Vec<_> = levels
            .iter()
            .take_while(|level| !level.contains("**"))
            .map_while(|level| matcher(level).ok())
            .collect();
        Ok(Some(Self {
            any_depth: pattern.contains("**") || folders.len() < levels.len(),
            start,
            folders,
            whole,
        }))
    }

    pub fn matches(&self, path: &Path) -> bool {
        self.whole.is_match(path)
    }

    /// Adds the sessions on disk that match. Of the hidden folders in the way only `.agents` is
    /// entered, and no link is followed.
    pub fn walk(&self, found: &mut Vec<PathBuf>) {
        let enters = |entry: &DirEntry| {
            let name = entry.file_name().as_encoded_bytes();
            let depth = entry.depth();
            if depth == 0 || !entry.file_type().is_dir() {
                return true;
            }
            let here = self.folders.get(depth.saturating_sub(1));
            (name == b".agents" || !name.starts_with(b"."))
                && here.map_or(self.any_depth, |glob| glob.is_match(entry.path()))
        };
        let walk = WalkDir::new(&self.start).min_depth(1).into_iter();
        // A folder that may not be read is as if it were empty, as it is to a shell.
        let entries = walk.filter_entry(enters).filter_map(Result::ok);
        let sessions = entries.filter(|entry| {
            !entry.file_type().is_dir() && is_session(entry.path()) && self.matches(entry.path())
        });
        found.extend(sessions.map(DirEntry::into_path));
    }
}
