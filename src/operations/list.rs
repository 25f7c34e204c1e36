//! What is going on: one row a session, over all work trees of the repository.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use chrono::TimeDelta;
use rayon::prelude::*;
use serde::Serialize;

use super::copies::Relation;
use super::runs::{self, Count};
use super::slug_of;
use crate::document::schema::{BLOCKERS, NEXT_STEPS};
use crate::document::time::{Timestamp, format_rfc3339};
use crate::document::{Document, Progress, Source, Status};
use crate::error::Result;
use crate::store::{Store, shared_slugs, short_name};

/// How long after its last update a session counts as active.
const ACTIVE: TimeDelta = TimeDelta::hours(3);

/// From how many sessions on reading them side by side saves more than starting threads takes.
const MANY: usize = 32;

/// The state of a session as its words and its age give it, most in need of attention first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It cannot be relied on as a session, see [`Document::defect`].
    Broken,
    /// Something stands in the way.
    Blocked,
    /// The log went on without Current State.
    Behind,
    /// Nothing is left to do.
    Closable,
    /// In progress, and nobody has written for a while.
    Idle,
    /// In progress.
    Active,
    /// Paused.
    Paused,
}

impl State {
    /// The state of a session at an instant.
    pub fn of(document: &Document, now: Timestamp) -> Self {
        let frontmatter = &document.frontmatter;
        let (None, Some(status), Some(updated)) = (
            document.defect(),
            frontmatter.status(),
            frontmatter.last_updated(),
        ) else {
            return Self::Broken;
        };
        let progress = document.progress();
        let all_done = progress.total > 0
            && progress.done == progress.total
            && document.open_items(NEXT_STEPS).next().is_none();
        match status {
            Status::Completed => Self::Closable,
            _ if document.open_items(BLOCKERS).next().is_some() => Self::Blocked,
            _ if document.is_behind() => Self::Behind,
            _ if all_done => Self::Closable,
            Status::Paused => Self::Paused,
            Status::InProgress if now - updated.at > ACTIVE => Self::Idle,
            Status::InProgress => Self::Active,
        }
    }

    /// As it is shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Blocked => "blocked",
            Self::Behind => "behind",
            Self::Closable => "closable",
            Self::Idle => "idle",
            Self::Active => "active",
            Self::Paused => "paused",
        }
    }
}

/// One session.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Row {
    /// Its file name.
    pub session: String,
    /// Its slug, or its stem where the name does not follow the scheme.
    pub slug: String,
    /// The shortest name that means it in its work tree.
    #[serde(skip)]
    pub short: String,
    /// Its title.
    pub title: Option<String>,
    /// Its status, if valid.
    pub status: Option<Status>,
    /// Its effective state.
    pub state: State,
    /// What is broken about it, if anything is.
    pub defect: Option<String>,
    /// When it was last updated, RFC 3339.
    pub last_updated: Option<String>,
    /// Seconds since then.
    pub age: Option<i64>,
    /// Who has it: who took the last handoff, else who wrote the last log entry, unless with that
    /// they gave it away.
    pub holder: Option<String>,
    /// Who is to take it: it was handed over to them.
    pub waits_for: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// Its issue.
    pub issue: Option<String>,
    /// Ticked items of all.
    pub progress: Progress,
    /// What is being worked on.
    pub current_task: Option<String>,
    /// Agents that run on it, or could go on, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<Count>,
    /// Whether nobody has written to it for longer than sessions of its status may lie.
    pub stale: bool,
    /// The file, as the user would write it.
    pub path: PathBuf,
    /// The root of its work tree, for `-C`.
    #[serde(skip)]
    pub root: PathBuf,
    /// Whether it is in this work tree.
    pub here: bool,
    /// Its copies in other work trees that say something else.
    pub copies: Vec<Copy>,
}

/// A copy of a session that says something else.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Copy {
    /// The file, as the user would write it.
    pub path: PathBuf,
    /// How it is, compared with the one that is listed.
    pub relation: Relation,
    /// Whether it is in this work tree.
    pub here: bool,
}

impl Row {
    /// Whether nobody needs to look at it: what is broken may not be as completed as it says.
    fn is_done(&self) -> bool {
        self.status == Some(Status::Completed) && self.state != State::Broken
    }
}

/// The sessions of all work trees, most in need of attention first, completed ones last unless
/// `completed` is false, which leaves them out. A session that several work trees have is listed
/// once: the copy updated last, this work tree's if equal; the others are named if they differ.
///
/// # Errors
///
/// When this work tree's folder cannot be read.
pub fn list(store: &Store, completed: bool, now: Timestamp) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut copied = BTreeMap::new();
    let others = store.other_work_trees();
    let all = || std::iter::once(store).chain(&others);
    for (index, store) in all().enumerate() {
        let names = match store.names() {
            Err(error) if index == 0 => return Err(error),
            names => names.unwrap_or_default(),
        };
        let shared = shared_slugs(&names);
        let ledger = runs::ledger(store);
        let row = |name: &String| Row {
            runs: ledger.as_ref().and_then(|ledger| Count::of(ledger, name)),
            ..row(store, name, index == 0, now)
        };
        let found: Vec<Row> = if names.len() < MANY {
            names.iter().map(row).collect()
        } else {
            names.par_iter().map(row).collect()
        };
        for (name, mut row) in names.iter().zip(found) {
            short_name(name, &shared).clone_into(&mut row.short);
            if row.is_done() && !completed {
                continue;
            }
            let known = seen.get(name).copied();
            match known.and_then(|at| Some((at, rows.get_mut(at)?))) {
                None => {
                    seen.insert(name.clone(), rows.len());
                    rows.push(row);
                }
                Some((at, known)) => {
                    let listed = copied.entry(at).or_insert(0);
                    if row.last_updated > known.last_updated {
                        *known = row;
                        *listed = index;
                    }
                }
            }
        }
    }
    for (at, listed) in copied {
        if let (Some(row), Some(own)) = (rows.get_mut(at), all().nth(listed)) {
            row.copies = copies(own, all(), &row.session);
        }
    }
    rows.sort_by_cached_key(|row| (row.is_done(), row.state, Reverse(row.last_updated.clone())));
    Ok(rows)
}

/// The copies of a session that differ from the one in `own`; the first work tree is this one.
fn copies<'s>(own: &Store, all: impl Iterator<Item = &'s Store>, name: &str) -> Vec<Copy> {
    let Ok(source) = own.read(name) else {
        return Vec::new();
    };
    let document = Document::parse(&source);
    let copies = all.enumerate().filter_map(|(index, store)| {
        let other = store.read(name).ok()?;
        let relation = Relation::of(&document, &Document::parse(&other))?;
        let path = store.shown(&store.path(name));
        let here = index == 0;
        Some(Copy {
            path,
            relation,
            here,
        })
    });
    copies.collect()
}

/// A file that cannot be read has a row too: it needs more attention than any other.
fn row(store: &Store, name: &str, here: bool, now: Timestamp) -> Row {
    let (source, unreadable) = match store.read(name) {
        Ok(source) => (source, None),
        Err(error) => (Source::new(Vec::new()), Some(error.message)),
    };
    let document = Document::parse(&source);
    let frontmatter = &document.frontmatter;
    let text = |path: &[&str]| frontmatter.text(path).map(str::to_owned);
    let updated = frontmatter.last_updated().map(|updated| updated.at);
    Row {
        session: name.to_owned(),
        slug: slug_of(name).to_owned(),
        short: String::new(),
        title: frontmatter.title().map(str::to_owned),
        status: frontmatter.status(),
        state: State::of(&document, now),
        defect: unreadable.or_else(|| document.defect().map(str::to_owned)),
        last_updated: updated.map(format_rfc3339),
        age: updated.map(|updated| (now - updated).num_seconds()),
        holder: document.holder(),
        waits_for: document.waits_for(),
        branch: text(&["session", "branch"]),
        issue: frontmatter.issue().map(str::to_owned),
        progress: document.progress(),
        current_task: frontmatter.current_task().map(str::to_owned),
        runs: None,
        stale: is_stale(store, &document, now),
        path: store.shown(&store.path(name)),
        root: store.shown(&store.root),
        here,
        copies: Vec::new(),
    }
}

pub(super) fn is_stale(store: &Store, document: &Document, now: Timestamp) -> bool {
    let config = &store.config.lint;
    let days = match document.frontmatter.status() {
        Some(Status::InProgress) => config.stale_days,
        Some(Status::Paused) => config.long_paused_days,
        Some(Status::Completed) => config.forgotten_days,
        None => return false,
    };
    let limit = TimeDelta::days(days.into());
    let updated = document.frontmatter.last_updated();
    updated.is_some_and(|updated| now - updated.at > limit)
}
