//! What changed since a session was handed over, as text below its brief.

use crate::document::insert::cut;
use std::fmt::Write as _;

use super::{age, one_line};
use crate::operations::resume::{Drift, SourceState};

/// Files that are named.
const FILES: usize = 8;

/// Longest name of a file or subject of a commit, in characters.
const ITEM: usize = 80;

/// Writes what changed; nothing if the session was never handed over and has no source.
pub fn text(drift: &Drift) -> String {
    let mut text = String::new();
    if drift.since.is_some() || drift.commit.is_some() {
        text.push_str("## Since the handoff\n");
    }
    if let (Some(since), Some(seconds)) = (&drift.since, drift.age) {
        let _ = writeln!(text, "{} ago, at {}", age(seconds), short(since));
    }
    if let Some(branch) = &drift.other_branch {
        let branch = short(branch);
        let _ = writeln!(
            text,
            "it was on branch {branch}, which is not checked out here"
        );
    }
    if let Some(commit) = &drift.commit {
        let commit = short(commit.get(..12).unwrap_or(commit));
        let _ = match drift.commits {
            Some(0) => writeln!(text, "no commits since {commit}"),
            Some(1) => writeln!(text, "1 commit since {commit}"),
            Some(count) => writeln!(text, "{count} commits since {commit}"),
            None => writeln!(text, "the repository does not have its commit {commit}"),
        };
    }
    for subject in &drift.subjects {
        let _ = writeln!(text, "- {}", short(subject));
    }
    let more = drift
        .commits
        .unwrap_or(0)
        .saturating_sub(drift.subjects.len());
    if more > 0 {
        let _ = writeln!(text, "- … and {more} more");
    }
    if !drift.files.is_empty() {
        let files = drift.files.iter().take(FILES);
        let files: Vec<_> = files.map(|path| short(&path.to_string_lossy())).collect();
        let _ = write!(text, "files changed: {}", files.join(", "));
        let more = drift.files.len() - files.len();
        let _ = match more {
            0 => writeln!(text),
            _ => writeln!(text, " … and {more} more"),
        };
    }
    if let Some(document) = &drift.document {
        let path = short(&document.path);
        let _ = match document.state {
            SourceState::Unchanged => Ok(()),
            SourceState::Changed => writeln!(text, "{path}, which it started from, has changed"),
            SourceState::Missing => writeln!(text, "{path}, which it started from, is gone"),
        };
    }
    text
}

fn short(text: &str) -> String {
    cut(&one_line(text), ITEM)
}
