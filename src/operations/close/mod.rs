//! Knowledge first, then deletion: a gate whose items are proven where they can be, confirmed by a
//! person where they cannot, and waived only with a reason. While one is unmet nothing is touched.

mod items;
mod references;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::{Guard, apply, slug_of, stem_of, updated};
use crate::document::time::Timestamp;
use crate::document::{Document, Edit, Scalar, yaml};
use crate::error::{Error, Kind, Result};
use crate::shell;
use crate::store::{Lock, Store};

/// An item of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Item {
    /// The external issue has its final status.
    Issue,
    /// Architectural decisions are captured.
    Decisions,
    /// Lessons are added to the documentation.
    Lessons,
    /// API contracts are documented.
    Api,
    /// Remaining work is filed.
    Remaining,
    /// The implementation is in git.
    Committed,
    /// Nothing else mentions the session.
    References,
    /// Nothing is unsaved.
    Saved,
}

impl Item {
    /// All of them, in the order in which they are checked.
    pub const ALL: [Self; 8] = [
        Self::Issue,
        Self::Decisions,
        Self::Lessons,
        Self::Api,
        Self::Remaining,
        Self::Committed,
        Self::References,
        Self::Saved,
    ];

    /// As it is written on the command line.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Decisions => "decisions",
            Self::Lessons => "lessons",
            Self::Api => "api",
            Self::Remaining => "remaining",
            Self::Committed => "committed",
            Self::References => "references",
            Self::Saved => "saved",
        }
    }

    /// What it asks for.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Issue => "the external issue has its final status",
            Self::Decisions => "architectural decisions are captured",
            Self::Lessons => "lessons are added to the documentation",
            Self::Api => "API contracts are documented",
            Self::Remaining => "remaining work is filed",
            Self::Committed => "the implementation is in git",
            Self::References => "nothing else mentions the session",
            Self::Saved => "nothing is unsaved",
        }
    }

    fn parse(id: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|item| item.id() == id);
        found.ok_or_else(|| {
            let mut error = Error::usage(format!("`{id}` is no item of the gate"));
            error.details = Self::ALL.map(|item| item.id().to_owned()).to_vec();
            error.hint("agentsess close --dry-run")
        })
    }
}

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Shown to be so.
    Proven,
    /// There is nothing to ask.
    NotApplicable,
    /// Somebody vouches for it.
    Confirmed,
    /// Let go, with a reason.
    Waived,
    /// Cannot be proven; somebody must confirm it.
    Asked,
    /// Shown not to be so.
    Unmet,
}

impl Verdict {
    /// Whether the session may be closed as far as this item goes.
    pub const fn is_met(self) -> bool {
        !matches!(self, Self::Asked | Self::Unmet)
    }
}

/// An item with its verdict.
#[derive(Debug, Serialize)]
pub struct Check {
    /// The item.
    pub item: Item,
    /// How it stands.
    pub verdict: Verdict,
    /// Why, in a few words.
    pub note: String,
    /// The places or texts it is about.
    pub details: Vec<String>,
}

/// The gate of one session.
#[derive(Debug)]
pub struct Gate {
    /// The session's file name.
    pub session: String,
    /// Every item, in order.
    pub checks: Vec<Check>,
    /// What was checked; closing something else is refused.
    bytes: Vec<u8>,
    /// Sessions that continue this one.
    children: BTreeSet<String>,
}

impl Gate {
    /// Whether nothing stands in the way.
    pub fn is_met(&self) -> bool {
        self.checks.iter().all(|check| check.verdict.is_met())
    }

    /// The one command that closes the session once its blanks are filled in.
    pub fn command(&self, request: &Request) -> String {
        let mut command = format!("agentsess close {}", slug_of(&self.session));
        for id in &request.confirmed {
            let _ = write!(command, " --confirm {id}");
        }
        for (id, reason) in &request.waived {
            let _ = write!(command, " --waive {id}={}", shell::word(reason));
        }
        for check in &self.checks {
            let id = check.item.id();
            let _ = match check.verdict {
                Verdict::Asked => write!(command, " --confirm {id}"),
                Verdict::Unmet => write!(command, " --waive {id}={BLANK}"),
                _ => Ok(()),
            };
        }
        command
    }
}

/// Stands for the reason in a command that is shown, and is refused as one.
const BLANK: &str = "REASON";

/// What somebody vouches for.
#[derive(Debug, Default)]
pub struct Request {
    /// Ids of items that are confirmed.
    pub confirmed: Vec<String>,
    /// Ids of items that are waived, each with the reason.
    pub waived: Vec<(String, String)>,
}

/// What closing did.
#[derive(Debug, Serialize)]
pub struct Closed {
    /// The session's file name.
    pub session: String,
    /// Its short name.
    pub slug: String,
    /// Sessions whose `parent` was cleared.
    pub cleared_parents: Vec<String>,
    /// Where the copy is.
    pub trash: PathBuf,
    /// The command that brings the session back.
    pub undo: String,
}

/// Checks every item of the gate. Changes nothing.
///
/// # Errors
///
/// When the session cannot be read, an id is unknown, or a waiver has no reason.
pub fn check(store: &Store, name: &str, request: &Request, now: Timestamp) -> Result<Gate> {
    let mut confirmed = Vec::new();
    for id in &request.confirmed {
        confirmed.push(Item::parse(id)?);
    }
    let mut waived = Vec::new();
    for (id, reason) in &request.waived {
        let item = Item::parse(id)?;
        if reason.trim().is_empty() || reason == BLANK {
            return Err(
                Error::usage(format!("the waiver of `{id}` gives no reason")).hint(format!(
                    "agentsess close {} --waive {id}=\"why this does not matter\"",
                    slug_of(name)
                )),
            );
        }
        waived.push((item, reason));
    }
    let source = store.read(name)?;
    let document = Document::parse(&source);
    let mut children = BTreeSet::new();
    let mut checks = Vec::new();
    for item in Item::ALL {
        let mut check = match item {
            Item::Issue => items::issue(&document),
            Item::Decisions => items::decisions(store, &document),
            Item::Lessons => items::lessons(&document),
            Item::Api => items::api(&document),
            Item::Remaining => items::remaining(store, name, &document),
            Item::Committed => items::committed(store, &document),
            Item::References => items::mentions(store, name, &mut children),
            Item::Saved => items::saved(store, name, &source, now),
        };
        if check.verdict == Verdict::Asked && confirmed.contains(&item) {
            check.verdict = Verdict::Confirmed;
            check.note = format!("somebody vouches that {}", item.title());
        } else if check.verdict == Verdict::Unmet && confirmed.contains(&item) {
            let id = item.id();
            let hint = format!("agentsess close {} --waive {id}=\"why\"", slug_of(name));
            return Err(Error::usage(format!(
                "`{id}` is shown not to be so and cannot be confirmed: {}",
                check.note
            ))
            .hint(hint));
        }
        let reason = waived.iter().find(|(waived, _)| *waived == item);
        if let (false, Some((_, reason))) = (check.verdict.is_met(), reason) {
            check.verdict = Verdict::Waived;
            check.note = format!("waived: {reason}");
        }
        checks.push(check);
    }
    Ok(Gate {
        session: name.to_owned(),
        checks,
        bytes: source.into_bytes(),
        children,
    })
}

/// Moves the session to the trash. The gate must be met and the session be what the gate saw.
///
/// # Errors
///
/// When the gate is not met, the session has changed, or the operating system refuses; the session
/// is still there then.
pub fn close(store: &Store, gate: &Gate, now: Timestamp) -> Result<Closed> {
    let name = gate.session.as_str();
    if !gate.is_met() {
        return Err(Error::new(Kind::Unmet, "the gate is not met"));
    }
    let lock = store.lock()?;
    if store.read(name)?.bytes() != gate.bytes {
        return Err(Error::new(
            Kind::Unmet,
            "the session changed while its gate was checked",
        )
        .at(&store.shown(&store.path(name)), None)
        .hint("run the command again"));
    }
    let vouched = gate
        .checks
        .iter()
        .filter(|check| matches!(check.verdict, Verdict::Confirmed | Verdict::Waived));
    let notes = vouched.map(|check| format!("{}: {}", check.item.id(), check.note));
    let trashed = store.put_in_trash(name, &gate.bytes, notes.collect(), now)?;
    let mut cleared_parents = Vec::new();
    for child in &gate.children {
        if clear_parent(store, &lock, child, stem_of(name), now)? {
            cleared_parents.push(child.clone());
        }
    }
    store.remove(&lock, name, &gate.bytes)?;
    Ok(Closed {
        session: name.to_owned(),
        slug: slug_of(name).to_owned(),
        cleared_parents,
        trash: store.shown(&trashed.path),
        undo: format!("agentsess restore {}", stem_of(name)),
    })
}

const PARENT: &[&str] = &["session", "parent"];

fn names(value: &yaml::Node, stem: &str) -> bool {
    value.text().is_some_and(|text| stem_of(text) == stem)
}

fn clear_parent(
    store: &Store,
    lock: &Lock,
    child: &str,
    stem: &str,
    now: Timestamp,
) -> Result<bool> {
    store.update(lock, child, |source| {
        let document = Document::parse(source);
        let parent = document.frontmatter.entry(PARENT);
        if !parent.is_some_and(|entry| names(&entry.value, stem)) {
            return Ok((None, false));
        }
        let updated = updated(&document, now);
        let edits = [
            Edit::Remove { path: PARENT },
            Edit::Set {
                path: &["session", "last_updated"],
                value: Scalar::Text(&updated),
            },
        ];
        Ok((
            Some(apply(store, child, &document, &edits, &Guard::default())?),
            true,
        ))
    })
}
