//! Whether what was done is in git.

use std::path::PathBuf;

use super::items::{files_modified, verdict};
use super::ledger::Ledger;
use super::{Check, Item, Subject, Verdict};
use crate::error::Result;
use crate::git::Repository;
use crate::operations::counted;
use crate::store::Store;

/// Files that are named on the item's line.
const FEW: usize = 3;

/// The files the session names are in git without changes; if it names none, nothing is changed but
/// what this program keeps, or somebody must confirm. What a stopped close has written is as it
/// should be.
pub(super) fn check(subject: &Subject) -> Result<Check> {
    let Subject {
        store,
        name,
        document,
        ..
    } = *subject;
    let Some(repository) = &store.repository else {
        let note = "no git repository; confirm that the work is kept";
        return Ok(verdict(Item::Committed, Verdict::Asked, note, Vec::new()));
    };
    let ours = Ledger::load(store, name)?.ours(store);
    let files = files_modified(document);
    Ok(match uncommitted(store, repository, &ours) {
        Ok(tree) if files.is_empty() => clean_tree(&tree),
        Ok(tree) => clean_files(store, repository, &files, &ours, &tree),
        Err(error) => {
            let note = error.to_string();
            verdict(Item::Committed, Verdict::Asked, note, Vec::new())
        }
    })
}

/// What of the work tree is not committed, relative to its top.
struct Uncommitted {
    /// Files that this program keeps, or that a stopped close wrote.
    own: Vec<PathBuf>,
    others: Vec<PathBuf>,
}

fn uncommitted(store: &Store, repository: &Repository, ours: &[PathBuf]) -> Result<Uncommitted> {
    let mut folders = ours.to_vec();
    folders.push(store.root.join(".agents"));
    folders.extend(store.records_folder());
    let unmerged = repository.unmerged()?;
    let is_own = |path: &PathBuf| {
        let full = repository.top.join(path);
        !unmerged.contains(path) && folders.iter().any(|own| full.starts_with(own))
    };
    let (own, others) = repository.changed(&[])?.into_iter().partition(is_own);
    Ok(Uncommitted { own, others })
}

fn clean_tree(tree: &Uncommitted) -> Check {
    let others = tree.others.as_slice();
    let (state, note) = match (tree.own.as_slice(), others) {
        ([], []) => (
            Verdict::Proven,
            "no files named, and the work tree is clean".to_owned(),
        ),
        (own, []) => {
            let own = first(own);
            let note = format!("no files named, and nothing is uncommitted but {own}");
            (Verdict::Proven, note)
        }
        _ => {
            let note = "no files named; confirm that these changes are not this session's";
            (Verdict::Asked, note.to_owned())
        }
    };
    let others = others.iter().map(|path| path.display().to_string());
    verdict(Item::Committed, state, note, others.collect())
}

/// The first few of these paths, and how many more there are.
fn first(paths: &[PathBuf]) -> String {
    let shown = paths
        .iter()
        .take(FEW)
        .map(|path| path.display().to_string());
    let mut shown: Vec<_> = shown.collect();
    let more = paths.len() - shown.len();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

fn clean_files(
    store: &Store,
    repository: &Repository,
    files: &[String],
    own: &[PathBuf],
    tree: &Uncommitted,
) -> Check {
    let mut missing = Vec::new();
    let mut named = Vec::new();
    for file in files {
        let within = store.root.join(file);
        if own.contains(&within) {
            continue;
        }
        match within.strip_prefix(&repository.top) {
            Ok(path) if repository.knows(path).is_ok_and(|known| known) => {
                named.push(path.to_owned());
            }
            _ => missing.push(format!("{file} is not in git")),
        }
    }
    let changed = tree.own.iter().chain(&tree.others);
    let changed = changed.filter(|path| named.iter().any(|named| path.starts_with(named)));
    missing.extend(changed.map(|path| format!("{} has uncommitted changes", path.display())));
    let count = counted(files.len(), "file");
    let (state, note) = match (missing.len(), tree.others.as_slice()) {
        (0, []) => (Verdict::Proven, format!("{count} committed")),
        (0, others) => {
            let others = first(others);
            let note = format!("{count} committed; uncommitted besides: {others}");
            (Verdict::Proven, note)
        }
        (missing, _) => (
            Verdict::Unmet,
            format!("{missing} of {count} not committed"),
        ),
    };
    verdict(Item::Committed, state, note, missing)
}
