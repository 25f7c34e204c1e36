//! Finds the files, plans each, and puts the sessions in their places.

use std::path::{Path, PathBuf};

use super::{Foreign, Plan, plan};
use crate::document::time::Timestamp;
use crate::document::{Source, Span, link_targets};
use crate::error::{Error, Kind, Result};
use crate::lint::files::Glob;
use crate::lint::{self, Severity};
use crate::operations::restore;
use crate::store::{self, Lock, Store};

const HELP: &str = "agentsess help adopt";

/// What became of one file.
#[derive(Debug)]
pub enum Outcome {
    /// It is a session already, in which the linter finds so many errors: sections left empty.
    Already(usize),
    /// It can be adopted, or was.
    Adopt(Box<Adopted>),
    /// It stays as it is, for this reason.
    Refused(Error),
}

/// A file that is, or would be, a session.
#[derive(Debug)]
pub struct Adopted {
    /// What was planned. The name is the one that the session really has, once it is written.
    pub plan: Plan,
    /// The bytes of the original.
    pub original: Vec<u8>,
    /// The arguments of the command that brings the original back; absent while nothing was
    /// written.
    pub undo: Option<Vec<String>>,
}

/// Adopts the files, and the session files of the folders and globs, that `paths` name, in the order
/// of their names. With `dry_run` nothing is written.
///
/// # Errors
///
/// When a path does not exist or the sessions folder cannot be locked. What is wrong with a single
/// file is its [`Outcome`].
pub fn adopt(
    store: &Store,
    paths: &[PathBuf],
    dry_run: bool,
    now: Timestamp,
) -> Result<Vec<(PathBuf, Outcome)>> {
    let mut files = Vec::new();
    for path in paths {
        let full = store.absolute(path);
        if full.is_dir() {
            files.extend(store::session_files(&full).map_err(|error| store.relocate(error))?);
        } else if full.symlink_metadata().is_err() {
            let before = files.len();
            let glob = Glob::new(store, path).map_err(|error| error.hint(HELP))?;
            let missing = match &glob {
                Some(_) => "no Markdown file matches this glob",
                None => "no such file or folder",
            };
            if let Some(glob) = glob {
                glob.walk(&mut files);
            }
            if files.len() == before {
                return Err(Error::new(Kind::NotFound, missing)
                    .at(path, None)
                    .hint(HELP));
            }
        } else {
            files.push(full);
        }
    }
    files.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    files.dedup();
    let planned: Vec<_> = files
        .iter()
        .map(|path| (path, planned(store, path, now)))
        .collect();
    let any = planned
        .iter()
        .any(|(_, plan)| matches!(plan, Ok(Outcome::Adopt(_))));
    let lock = if any && !dry_run {
        Some(store.lock()?)
    } else {
        None
    };
    let outcomes = planned.into_iter().map(|(path, planned)| {
        let outcome = match (planned, &lock) {
            (Ok(Outcome::Adopt(adopted)), Some(lock)) => apply(store, lock, path, *adopted, now),
            (planned, _) => planned,
        };
        let refused = |error| Outcome::Refused(store.relocate(error));
        (store.shown(path), outcome.unwrap_or_else(refused))
    });
    Ok(outcomes.collect())
}

fn apply(
    store: &Store,
    lock: &Lock,
    path: &Path,
    mut adopted: Adopted,
    now: Timestamp,
) -> Result<Outcome> {
    let plan = &adopted.plan;
    let names = (1..1000).map(|attempt| plan.attempt(attempt));
    let taken = store.take_in(lock, path, &adopted.original, names, &plan.bytes, now);
    let (name, trashed) = taken?;
    adopted.undo = Some(vec!["restore".to_owned(), restore::call(store, &trashed)]);
    adopted.plan.name = name;
    Ok(Outcome::Adopt(Box::new(adopted)))
}

fn planned(store: &Store, path: &Path, now: Timestamp) -> Result<Outcome> {
    let at = |error: Error| match error.location {
        None => error.at(path, None),
        Some(_) => error,
    };
    let path = &store.within(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !store::is_session_name(&name) {
        return Err(Error::new(
            Kind::Unmet,
            "only `*.md` files other than README.md and AGENTS.md can be sessions",
        )
        .at(path, None));
    }
    let source = Source::new(store::read(path)?);
    let modified = path.metadata().and_then(|meta| meta.modified());
    let file = Foreign {
        name: &name,
        source: &source,
        modified: modified.map_or(now, Timestamp::from),
    };
    let Some(mut plan) = plan(file, &store.config, now).map_err(at)? else {
        let findings = lint::check(&name, &source, lint::Settings::new(&store.config, now));
        let errors = findings
            .iter()
            .filter(|one| one.severity == Severity::Error);
        return Ok(Outcome::Already(errors.count()));
    };
    plan.report.broken_links = broken_links(store, path, &source);
    Ok(Outcome::Adopt(Box::new(Adopted {
        plan,
        original: source.into_bytes(),
        undo: None,
    })))
}

/// How many relative links lead somewhere from where the file is, and not from the sessions folder.
fn broken_links(store: &Store, path: &Path, source: &Source) -> usize {
    let folder = path.parent().unwrap_or(path);
    if store
        .sessions
        .canonicalize()
        .is_ok_and(|sessions| sessions == folder)
    {
        return 0;
    }
    let targets = link_targets(source.text(), Span::new(0, source.text().len()));
    let leads = |target: &&String| {
        let file = target.split(['#', '?']).next().unwrap_or("");
        let file = Path::new(file);
        !file.as_os_str().is_empty() && file.is_relative() && folder.join(file).exists()
    };
    targets.iter().filter(leads).count()
}
