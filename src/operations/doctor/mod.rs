//! Looks for what nobody else looks for: work that nobody closed, what killed programs left behind,
//! things that point nowhere. It repairs what is safe, and no session's words are among that.

mod runs;

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use serde::Serialize;

use super::conversation::left;
use super::copies::Relation;
use super::runs::write_down;
use super::{close, planning, stem_of};
use crate::document::record::State;
use crate::document::time::{Timestamp, parse_rfc3339};
use crate::document::{Document, Status};
use crate::error::{Error, Result};
use crate::lint::{self, Family, Project, RULES, Rule, Settings};
use crate::shell;
use crate::store::{self, Event, Records, Store, Trashed, TrustFile};

/// How long the trash keeps what was closed.
const KEPT: TimeDelta = TimeDelta::days(90);

/// How long an event may wait for a writer until it is said.
const WAITING: TimeDelta = TimeDelta::minutes(10);

/// Something that is not as it should be.
#[derive(Debug, Serialize)]
pub struct Problem {
    /// What kind of problem: the name of a lint rule, or one of `broken-session`, `stranded-draft`,
    /// `leftover`, `old-trash`, `missing-branch`, `merged-branch`, `diverged-copy`,
    /// `stopped-close`, `orphaned-binding`, `left-open`, `old-conversation`, `waiting-event`,
    /// `dangling-record`, `unreadable-record`, `interrupted-run`, `untold-run`, `pending-run`,
    /// `set-aside-run`, `unreadable`, `outdated-install`, `not-executable`, `not-on-path`,
    /// `other-version`, `untrusted-hooks`, `read-only`.
    pub kind: &'static str,
    /// What it is about, as the user would write it.
    pub path: PathBuf,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Whether `doctor --fix` takes care of it.
    pub fixable: bool,
    /// Whether it has.
    pub fixed: bool,
    #[serde(skip)]
    repair: Option<Repair>,
}

#[derive(Debug)]
enum Repair {
    Remove(PathBuf),
    Forget(Trashed),
    Unbind,
    Event(PathBuf),
    Conversation(String),
    Runs,
}

impl Problem {
    /// One that somebody has to look after.
    pub(super) fn new(
        kind: &'static str,
        path: PathBuf,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            path,
            message: message.into(),
            help: help.into(),
            fixable: false,
            fixed: false,
            repair: None,
        }
    }

    /// One that can be repaired.
    fn repairable(
        kind: &'static str,
        path: PathBuf,
        message: impl Into<String>,
        repair: Repair,
    ) -> Self {
        Self {
            fixable: true,
            repair: Some(repair),
            ..Self::new(kind, path, message, "agentsess doctor --fix")
        }
    }
}

/// What keeps a file from being read.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let position = error.location.as_ref().and_then(|at| at.position);
        let at = position.map(|(line, column)| format!(" (line {line}, column {column})"));
        let message = error.message + &at.unwrap_or_default();
        let path = error.location.map(|at| at.path).unwrap_or_default();
        Self::new("unreadable", path, message, error.hint.unwrap_or_default())
    }
}

/// Looks at everything.
///
/// # Errors
///
/// When the sessions folder cannot be read.
pub fn examine(store: &Store, trust: Option<&TrustFile>, now: Timestamp) -> Result<Vec<Problem>> {
    let mut found = broken(store)?;
    found.extend(sessions(store, now)?);
    found.extend(branches(store));
    found.extend(diverged(store)?);
    found.extend(stopped_closes(store)?);
    found.extend(orphaned_binding(store));
    found.extend(conversations(store, now));
    found.extend(events(store, now));
    found.extend(records(store)?);
    found.extend(runs::examine(store));
    found.extend(stranded(store));
    found.extend(leftovers(store, trust, now));
    found.extend(old_trash(store, now));
    Ok(found)
}

/// Repairs what can be repaired without changing a session.
///
/// # Errors
///
/// When the folder cannot be locked, a close is at work, or the operating system refuses.
pub fn repair(
    store: &Store,
    trust: Option<&TrustFile>,
    problems: &mut [Problem],
    now: Timestamp,
) -> Result<()> {
    if problems.iter().all(|problem| problem.repair.is_none()) {
        return Ok(());
    }
    let _closing = store.begin_closing()?;
    let lock = store.lock()?;
    // A writer that was at work a moment ago, and had not even locked its file, has done so now.
    let still = left_behind(store, trust, now);
    for problem in problems {
        match &problem.repair {
            Some(Repair::Remove(path)) if still.contains(path) => {
                store.remove_leftover(&lock, path)?;
            }
            Some(Repair::Forget(trashed)) => store.forget(trashed)?,
            Some(Repair::Unbind) => store.use_session(&lock, None)?,
            Some(Repair::Event(path)) => store.remove_event(&lock, path)?,
            Some(Repair::Conversation(id)) => store.forget_conversation(id)?,
            Some(Repair::Runs) => drop(write_down(store, now)?),
            Some(Repair::Remove(_)) => {}
            None => continue,
        }
        problem.fixed = true;
    }
    Ok(())
}

/// What lint says about time and about the rest of the repository.
fn sessions(store: &Store, now: Timestamp) -> Result<Vec<Problem>> {
    let about = |rule: &&&'static Rule| {
        rule.default && matches!(rule.family, Family::Lifecycle | Family::References)
    };
    let rules: Vec<_> = RULES.iter().filter(about).copied().collect();
    let project = Project::new(store);
    let settings = Settings {
        rules: &rules,
        project: Some(&project),
        whole: true,
        ..Settings::new(&store.config, now)
    };
    let names = store.names()?;
    let paths: Vec<_> = names.iter().map(|name| store.path(name)).collect();
    let report = lint::check_all(&paths, store::read, settings);
    let findings = report.findings().map(|(file, finding)| {
        let help = finding.help.clone().unwrap_or_default();
        let path = store.shown(&file.path);
        Problem::new(finding.rule.name, path, &finding.message, help)
    });
    let unreadable = report.unreadable.iter().map(|error| {
        let path = error.location.as_ref().map(|at| store.shown(&at.path));
        let help = error.hint.clone().unwrap_or_default();
        Problem::new("unreadable", path.unwrap_or_default(), &error.message, help)
    });
    Ok(findings.chain(unreadable).collect())
}

/// Sessions on which work goes on in a branch that is gone or was merged.
fn branches(store: &Store) -> Vec<Problem> {
    let Some(repository) = &store.repository else {
        return Vec::new();
    };
    let Ok(known) = repository.branches() else {
        return Vec::new();
    };
    let local = ["main", "master", "trunk"].map(str::to_owned);
    let base = repository
        .default_branch()
        .into_iter()
        .chain(local)
        .find(|branch| known.contains(branch));
    let merged = base.and_then(|base| Some((repository.merged_into(&base).ok()?, base)));
    let names = store.names().unwrap_or_default().into_iter();
    names
        .filter_map(|name| {
            let source = store.read(&name).ok()?;
            let document = Document::parse(&source);
            let frontmatter = &document.frontmatter;
            let branch = frontmatter.text(&["session", "branch"])?;
            if frontmatter.status() == Some(Status::Completed) {
                return None;
            }
            let into = merged
                .as_ref()
                .filter(|(merged, _)| merged.iter().any(|b| b == branch));
            let (kind, message) = match into {
                // Before the first commit no branch exists, and neither does the one checked out.
                None if known.is_empty() || known.iter().any(|known| known == branch) => {
                    return None;
                }
                None if repository.branch().as_deref() == Some(branch) => return None,
                None => (
                    "missing-branch",
                    format!("its branch {branch} does not exist"),
                ),
                Some((_, base)) => (
                    "merged-branch",
                    format!("its branch {branch} is merged into {base}"),
                ),
            };
            let help = format!("agentsess close {}", store.selector(&name));
            let path = store.shown(&store.path(&name));
            Some(Problem::new(kind, path, message, help))
        })
        .collect()
}

/// Sessions on which work went on in several work trees at once.
fn diverged(store: &Store) -> Result<Vec<Problem>> {
    let others = store.other_work_trees();
    let mut found = Vec::new();
    for name in store.names()? {
        let Ok(own) = store.read(&name) else {
            continue;
        };
        let own = Document::parse(&own);
        for other in &others {
            let Ok(source) = other.read(&name) else {
                continue;
            };
            if Relation::of(&own, &Document::parse(&source)) != Some(Relation::Diverged) {
                continue;
            }
            let path = store.shown(&store.path(&name));
            let copy = store.shown(&other.path(&name)).display().to_string();
            let message = format!("it and its copy {copy} went different ways");
            let word = shell::word(&path.to_string_lossy());
            let help = format!("git diff --no-index {word} {}", shell::word(&copy));
            found.push(Problem::new("diverged-copy", path, message, help));
        }
    }
    Ok(found)
}

/// Sessions whose close began to write or to file and was stopped. What it wrote down about that is
/// kept, because the next close needs it.
fn stopped_closes(store: &Store) -> Result<Vec<Problem>> {
    if store.refuse_second_closing().is_err() {
        return Ok(Vec::new());
    }
    let names = store.names()?.into_iter();
    let problem = |name: String| match close::stopped(store, &name) {
        Ok(None) => None,
        Ok(Some(stopped)) => {
            let quoted = |title: &String| format!("`{title}`");
            let written = stopped.written.iter();
            let done = [
                ("filed", stopped.filed),
                (
                    "perhaps filed",
                    stopped.unknown.iter().map(quoted).collect(),
                ),
                (
                    "written",
                    written.map(|path| path.display().to_string()).collect(),
                ),
            ];
            let done = done.iter().filter(|(_, what)| !what.is_empty());
            let done = done.map(|(how, what)| format!("; {how}: {}", what.join(", ")));
            let message = format!("closing it was stopped{}", done.collect::<String>());
            let path = store.shown(&store.path(&name));
            Some(Problem::new(
                "stopped-close",
                path,
                message,
                stopped.command,
            ))
        }
        Err(error) => Some(error.into()),
    };
    Ok(names.filter_map(problem).collect())
}

/// The session that this work tree uses, if it is gone.
fn orphaned_binding(store: &Store) -> Option<Problem> {
    let path = store.path(&store.used()?);
    let gone = path.symlink_metadata().is_err();
    let message = "this work tree uses this session, and it is gone";
    gone.then(|| {
        let path = store.shown(&path);
        Problem::repairable("orphaned-binding", path, message, Repair::Unbind)
    })
}

/// What conversations left open when they ended, and those that nobody needs to know of any more.
fn conversations(store: &Store, now: Timestamp) -> Vec<Problem> {
    let live: Vec<_> = store.live_elsewhere(None, now).collect();
    let all = store.conversations().into_iter();
    let open = all.filter_map(|ended| {
        let open = left(store, &ended, now)?;
        if live.iter().any(|live| live.session == ended.session) {
            return None;
        }
        let path = store.shown(&store.path(&ended.session));
        let slug = shell::word(&open.slug);
        let (state, end) = if open.completed {
            ("completed and not closed", "close")
        } else {
            ("open", "handoff")
        };
        let message = format!("the conversation that worked on it has ended and left it {state}");
        let help = format!("agentsess {end} {slug}");
        Some(Problem::new("left-open", path, message, help))
    });
    let mut found: Vec<_> = open.collect();
    found.extend(store.old_conversations(now).map(|old| {
        let path = store.shown(&store.path(&old.session));
        let message = "a conversation that was bound to it has not been heard of for long";
        Problem::repairable(
            "old-conversation",
            path,
            message,
            Repair::Conversation(old.id),
        )
    }));
    found
}

/// What subagents did and no writer has taken over.
fn events(store: &Store, now: Timestamp) -> Vec<Problem> {
    let events = store.events().into_iter();
    let problem = |(path, event): (PathBuf, Result<Event, ()>)| {
        let shown = store.shown(&path);
        let Ok(event) = event else {
            let message = "this is no event of a subagent";
            let repair = Repair::Event(path);
            return Some(Problem::repairable("waiting-event", shown, message, repair));
        };
        if store.path(&event.session).symlink_metadata().is_err() {
            let message = "it is about a session that is gone";
            let repair = Repair::Event(path);
            return Some(Problem::repairable("waiting-event", shown, message, repair));
        }
        (now - event.at > WAITING).then(|| {
            let message = "what a subagent did waits for the next writer";
            let slug = store.selector(&event.session);
            let help = format!("agentsess log \"What was done\" -s {slug}");
            Problem::new("waiting-event", shown, message, help)
        })
    };
    events.filter_map(problem).collect()
}

/// Records that cannot be read, and those that call a session active of which nothing is left.
fn records(store: &Store) -> Result<Vec<Problem>> {
    let Records { records, skipped } = store.records()?;
    let trashed = store.trashed();
    let mut found: Vec<_> = skipped
        .into_iter()
        .map(|error| {
            let path = error.location.map(|at| at.path).unwrap_or_default();
            let help = "move it elsewhere if it is no record";
            Problem::new("unreadable-record", path, error.message, help)
        })
        .collect();
    for record in records
        .iter()
        .filter(|record| record.state == State::Active)
    {
        let stem = record.stem.as_deref();
        let in_trash = |stem| trashed.iter().any(|copy| stem_of(&copy.entry.name) == stem);
        if planning::open_session(store, record)?.is_some() || stem.is_some_and(in_trash) {
            continue;
        }
        let path = store.record_path(&record.id).unwrap_or_default();
        let message = "it calls its session active, and nothing is left of that";
        let help = format!("agentsess restore {}", shell::word(&record.id));
        found.push(Problem::new(
            "dangling-record",
            store.shown(&path),
            message,
            help,
        ));
    }
    Ok(found)
}

/// Sessions that cannot be relied on. What cannot be read at all, lint says.
fn broken(store: &Store) -> Result<Vec<Problem>> {
    let names = store.names()?.into_iter();
    let found = names.filter_map(|name| {
        let source = store.read(&name).ok()?;
        let defect = Document::parse(&source).defect()?;
        let path = store.shown(&store.path(&name));
        let help = format!("agentsess lint {}", shell::word(&path.to_string_lossy()));
        Some(Problem::new("broken-session", path, defect, help))
    });
    Ok(found.collect())
}

/// What somebody wrote in an editor and nobody saved, because this program was killed meanwhile.
fn stranded(store: &Store) -> impl Iterator<Item = Problem> {
    store.stranded().into_iter().map(|stranded| {
        let word = |path: &Path| shell::word(&store.shown(path).to_string_lossy());
        let name = stranded.path.file_name().unwrap_or_default();
        let session = store.sessions.join(name);
        let remove = format!("rm -r {}", word(&stranded.folder));
        let help = if session.is_file() {
            let (base, copy) = (word(&stranded.base), word(&stranded.path));
            format!(
                "git merge-file {} {base} {copy} && {remove}",
                word(&session)
            )
        } else {
            format!("keep what you need of it, then {remove}")
        };
        let message = "this was written in an editor and is not in the session";
        Problem::new("stranded-draft", store.shown(&stranded.path), message, help)
    })
}

fn left_behind(store: &Store, trust: Option<&TrustFile>, now: Timestamp) -> Vec<PathBuf> {
    let mut found = store.leftovers(now);
    found.extend(trust.iter().flat_map(|trust| trust.leftovers()));
    found
}

fn leftovers(
    store: &Store,
    trust: Option<&TrustFile>,
    now: Timestamp,
) -> impl Iterator<Item = Problem> {
    left_behind(store, trust, now).into_iter().map(|path| {
        let message = "a program that was killed left this behind";
        Problem::repairable(
            "leftover",
            store.shown(&path),
            message,
            Repair::Remove(path),
        )
    })
}

fn old_trash(store: &Store, now: Timestamp) -> impl Iterator<Item = Problem> {
    let old = move |trashed: &Trashed| {
        let removed = parse_rfc3339(&trashed.entry.removed_at);
        removed.is_some_and(|removed| now.signed_duration_since(removed.at) > KEPT)
    };
    let trashed = store.trashed().into_iter();
    trashed.filter(old).map(|trashed| {
        let message = format!(
            "it has been in the trash since {}, longer than {} days",
            trashed.entry.removed_at,
            KEPT.num_days()
        );
        let path = store.shown(&trashed.path);
        Problem::repairable("old-trash", path, message, Repair::Forget(trashed))
    })
}
