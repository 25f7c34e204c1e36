//! The one way in which operations write to a session that exists: locked, computed from what the
//! file says under the lock, with its time of update, and answered with what became of it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::dropped::Dropped;
use super::set::reopen;
use super::spawned::settle;
use super::{Guard, Written, apply, slug_of, stem_of, updated};
use crate::document::schema::{CURRENT_STATE, same_name};
use crate::document::time::Timestamp;
use crate::document::{
    Document, Edit, LogEntry, Scalar, Source, Status, issue_id, line_column, state_hash,
};
use crate::error::{Error, Kind, Result};
use crate::lint::{self, Severity};
use crate::shell;
use crate::store::{Lock, Store};

/// How far the last entry may lie ahead of the clock and still be followed in order. Covers the
/// wait for the lock and clocks of machines that differ; an entry further ahead is wrong, and
/// following it would spread the mistake.
const SKEW: TimeDelta = TimeDelta::minutes(10);

/// An entry for the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'e> {
    /// Who.
    pub agent: &'e str,
    /// Did what.
    pub action: &'e str,
    /// Markdown.
    pub text: &'e str,
    /// Whether it tells how the work went on, which a Current State written before does not know.
    /// That the session was paused, given away or taken is no such thing.
    pub is_work: bool,
}

/// A session under the lock, about to be replaced.
pub(super) struct Revision<'r> {
    pub store: &'r Store,
    /// Empty for a draft.
    pub name: &'r str,
    pub document: &'r Document<'r>,
    pub now: Timestamp,
    guard: &'r Guard,
    /// What [`Written::dropped_from`] says.
    dropped_from: RefCell<Vec<String>>,
    /// What [`Written::ticked`] and [`Written::already_ticked`] say.
    ticked: RefCell<[Vec<String>; 2]>,
}

/// The bytes that take the place of a session's, or none if it is to stay as it is.
pub(super) type Revised = Option<Vec<u8>>;

/// Replaces a session by what `revise` makes of it. `revise` is called again if another program
/// saves the file in between; it neither asks nor starts anything, because the lock is held.
///
/// # Errors
///
/// When the session is closed, `revise` fails, or the file cannot be edited or written.
pub(super) fn write(
    store: &Store,
    name: &str,
    allow_secret: bool,
    now: Timestamp,
    revise: impl FnMut(&Revision) -> Result<Revised>,
) -> Result<Written> {
    let lock = store.lock()?;
    settle(store, &lock);
    write_locked(store, &lock, name, allow_secret, now, revise)
}

/// The same for who has the lock already.
///
/// # Errors
///
/// As for [`write`].
pub(super) fn write_locked(
    store: &Store,
    lock: &Lock,
    name: &str,
    allow_secret: bool,
    now: Timestamp,
    mut revise: impl FnMut(&Revision) -> Result<Revised>,
) -> Result<Written> {
    let written = store.update(lock, name, |source| {
        let document = Document::parse(source);
        let guard = Guard::new(allow_secret);
        let revision = Revision {
            store,
            name,
            document: &document,
            now,
            guard: &guard,
            dropped_from: RefCell::default(),
            ticked: RefCell::default(),
        };
        let bytes = revise(&revision)?;
        let [ticked, already_ticked] = revision.ticked.take();
        let Some(bytes) = bytes else {
            let written = Written {
                ticked,
                already_ticked,
                ..Written::new(name, now, &document, &document, &guard)
            };
            return Ok((None, written));
        };
        let after = Source::new(bytes);
        let written = {
            let after = Document::parse(&after);
            Written {
                ticked,
                already_ticked,
                dropped_from: revision.dropped_from.take(),
                warnings: revision.new_errors(&after),
                ..Written::new(name, now, &document, &after, &guard)
            }
        };
        Ok((Some(after.into_bytes()), written))
    });
    written.map_err(|error| match error.kind {
        Kind::NotFound => closed(name),
        _ => error,
    })
}

/// The error for a session that somebody closed meanwhile.
pub(super) fn closed(name: &str) -> Error {
    let restore = format!("agentsess restore {}", shell::word(stem_of(name)));
    Error::new(Kind::NotFound, format!("`{}` is closed", slug_of(name))).hint(restore)
}

impl<'r> Revision<'r> {
    /// The same for a session that is not there yet.
    pub fn of_draft(
        store: &'r Store,
        document: &'r Document<'r>,
        guard: &'r Guard,
        now: Timestamp,
    ) -> Self {
        Self::to_read(store, "", document, guard, now)
    }

    /// The same for a session that is only looked at.
    pub fn to_read(
        store: &'r Store,
        name: &'r str,
        document: &'r Document<'r>,
        guard: &'r Guard,
        now: Timestamp,
    ) -> Self {
        Self {
            store,
            name,
            document,
            now,
            guard,
            dropped_from: RefCell::default(),
            ticked: RefCell::default(),
        }
    }

    /// Says of items with a checkbox that they are ticked by this, or were before.
    pub fn tells(&self, ticked: Vec<String>, already: Vec<String>) {
        self.ticked.replace([ticked, already]);
    }

    /// What is an error for the new status and was none for the old one.
    fn new_errors(&self, after: &Document) -> Vec<String> {
        let status = |document: &Document| document.frontmatter.status();
        if status(self.document) == status(after) {
            return Vec::new();
        }
        let after = after.source();
        let errors = |source: &Source| {
            let settings = lint::Settings::new(&self.store.config, self.now);
            let mut findings = lint::check("", source, settings);
            findings.retain(|finding| finding.severity == Severity::Error);
            findings
        };
        let before: BTreeSet<_> = errors(self.document.source())
            .into_iter()
            .map(|error| error.message)
            .collect();
        let mut new = errors(after);
        new.retain(|error| !before.contains(&error.message));
        let path = self.store.shown(&self.store.path(self.name));
        let new = new.into_iter().map(|error| {
            let (line, column) = line_column(after.text(), error.span.start);
            format!("{}:{line}:{column}: {}", path.display(), error.message)
        });
        new.collect()
    }

    /// An error about this session.
    pub fn error(&self, message: impl Into<String>) -> Error {
        Error::usage(message).at(&self.store.shown(&self.store.path(self.name)), None)
    }

    /// The issue id that an item bears.
    pub fn id<'t>(&self, item: &'t str) -> Option<&'t str> {
        issue_id(item, |token| self.store.config.items.is_id(token))
    }

    /// Makes the edits, then adds the entry and brings the frontmatter up to date. The entry keeps
    /// the words that replacing a section takes out of it; those of a template need no keeping.
    ///
    /// # Errors
    ///
    /// When the session is completed and would get an entry, or an edit is refused.
    pub fn apply(&self, edits: Vec<Edit>, entry: Option<Entry>) -> Result<Vec<u8>> {
        let document = self.document;
        // Of a lifetime that what is added here has too.
        let (mut edits, entry): (Vec<Edit>, Option<Entry>) = (edits, entry);
        if entry.is_some() {
            self.refuse_completed("entries")?;
        }
        let states = edits.iter().any(|edit| {
            matches!(edit, Edit::Replace { section, .. } | Edit::Append { section, .. }
                if same_name(section, CURRENT_STATE))
        });
        let vouches = entry.is_some_and(|entry| !entry.is_work) && self.is_recorded();
        let updated = updated(document, self.now);
        let dropped = match entry {
            Some(_) if !self.name.is_empty() => Dropped::new(self, &edits),
            _ => Dropped::default(),
        };
        let parts = [entry.map_or("", |entry| entry.text), &dropped.text];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        let text = parts.collect::<Vec<_>>().join("\n\n");
        self.dropped_from.replace(dropped.sections);
        edits.extend(entry.map(|entry| Edit::Log {
            at: entry_time(document, self.now),
            agent: entry.agent,
            action: entry.action,
            text: &text,
        }));
        edits.push(Edit::Set {
            path: &["session", "last_updated"],
            value: Scalar::Text(&updated),
        });
        let bytes = apply(self.store, self.name, document, &edits, self.guard)?;
        if states || vouches {
            return self.record_state(bytes);
        }
        Ok(bytes)
    }

    /// The word that chooses the session in a command.
    pub fn selector(&self) -> String {
        self.store.selector(self.name)
    }

    /// Fails if the work is done.
    pub fn refuse_completed(&self, what: &str) -> Result<()> {
        if self.document.frontmatter.status() != Some(Status::Completed) {
            return Ok(());
        }
        let error = self.error(format!("the session is completed and takes no more {what}"));
        Err(error.hint(reopen(&self.selector())))
    }

    /// Whether Current State is what was recorded when it was written, and no work came after.
    fn is_recorded(&self) -> bool {
        let frontmatter = &self.document.frontmatter;
        let recorded = frontmatter.text(&["session", "state_recorded"]);
        recorded.is_some() && !self.document.is_behind()
    }

    /// Notes in the frontmatter when Current State was written, what it was and how many entries the
    /// log had, so that a state the log has left behind can be told from one that was mended by hand.
    fn record_state(&self, bytes: Vec<u8>) -> Result<Vec<u8>> {
        let source = Source::new(bytes);
        let document = Document::parse(&source);
        let Some(state) = document.section_text(CURRENT_STATE) else {
            return Ok(source.into_bytes());
        };
        let entries = document.body.log(document.text).len();
        let at = updated(&document, self.now);
        let recorded = format!("{at} {} {entries}", state_hash(state));
        self.set(&document, &["session", "state_recorded"], &recorded)
    }

    /// Sets a key in what this revision has become so far.
    pub fn set(&self, document: &Document, path: &[&str], text: &str) -> Result<Vec<u8>> {
        let value = Scalar::Text(text);
        let edit = Edit::Set { path, value };
        apply(self.store, self.name, document, &[edit], self.guard)
    }
}

/// The minute of the new entry: now, but not before the last entry.
fn entry_time(document: &Document, now: Timestamp) -> Timestamp {
    let last = document.body.log(document.text);
    let last = last.last().and_then(LogEntry::stamp);
    match last {
        Some(last) if last.at > now && last.at - now <= SKEW => last.at,
        _ => now,
    }
}
