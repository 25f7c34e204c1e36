//! Planning sessions, those with a seed, and the records that outlive them.
//!
//! A record is written before what it is about happens: a session is recorded as archived, then
//! paused, and only then left for another one. Each step is whole by itself and can be done again,
//! so that whoever is stopped in between runs the command once more.

mod list;

use std::path::PathBuf;

use serde::Serialize;

pub use list::{Listing, Row, list};

use super::{Guard, apply, slug_of, stem_of, updated};
use crate::config::KeepRecords;
use crate::document::record::{Failure, Invalid, State, session_id};
use crate::document::time::{Timestamp, format_rfc3339};
use crate::document::{Document, Edit, Planning, Record, Scalar, SessionName, Source, Status};
use crate::error::{Error, Kind, Result};
use crate::store::{Lock, Store};

/// What became of a session, for its record.
#[derive(Debug, Clone, Copy)]
enum Outcome<'o> {
    /// It was left for another one.
    Archived,
    /// It is about to be deleted; what was waived, each item with the reason.
    Completed(&'o [(String, String)]),
    /// It could not be closed.
    Failed(&'o Failure),
}

/// Records that a session is closed, where sessions like it leave a record, and returns the
/// record's file. To be called when nothing else can fail but the deletion.
///
/// # Errors
///
/// When another program's file is in the way, or the operating system refuses.
pub fn record_closed(
    store: &Store,
    lock: &Lock,
    name: &str,
    document: &Document,
    waivers: &[(String, String)],
    now: Timestamp,
) -> Result<Option<PathBuf>> {
    if !leaves_record(store, document) {
        return Ok(None);
    }
    record(
        store,
        lock,
        name,
        document,
        Outcome::Completed(waivers),
        now,
    )
    .map(Some)
}

/// Records that a session could not be closed, what was in the way, and the ids of what had been
/// filed until then. The next [`record_closed`] takes that back.
///
/// # Errors
///
/// As for [`record_closed`].
pub fn record_failed(
    store: &Store,
    lock: &Lock,
    name: &str,
    document: &Document,
    message: &str,
    tickets_created: &[String],
    now: Timestamp,
) -> Result<Option<PathBuf>> {
    if !leaves_record(store, document) {
        return Ok(None);
    }
    let failure = Failure {
        message: message.to_owned(),
        failed_at: format_rfc3339(now),
        tickets_created: tickets_created.to_vec(),
    };
    record(store, lock, name, document, Outcome::Failed(&failure), now).map(Some)
}

fn leaves_record(store: &Store, document: &Document) -> bool {
    let all = store.config.records.keep == KeepRecords::All;
    all || Planning::of(&document.frontmatter).root_seed.is_some()
}

fn record(
    store: &Store,
    lock: &Lock,
    name: &str,
    document: &Document,
    outcome: Outcome,
    now: Timestamp,
) -> Result<PathBuf> {
    let planning = Planning::of(&document.frontmatter);
    let known = store.records()?.records;
    let id = record_id(&known, name, document, now);
    let created = created(name, document).unwrap_or(now);
    let fresh = Record::new(&id, created, now).map_err(|invalid| {
        Error::usage(format!("no record can be kept: {}", invalid.message))
            .at(&store.shown(&store.path(name)), None)
            .hint("agentsess help link")
    })?;
    let title = document.frontmatter.title();
    store.change_record(lock, &fresh, &mut |record| {
        record.merge(&planning)?;
        let waivers = match outcome {
            Outcome::Completed(waivers) => Some(waivers),
            _ => None,
        };
        record.set_own(stem_of(name), title, waivers)?;
        match outcome {
            Outcome::Archived => record.set_state(State::Archived, now),
            Outcome::Completed(_) => record.set_state(State::Completed, now),
            Outcome::Failed(failure) => record.set_failure(failure, now),
        }
    })
}

/// The id of a session's record: that of the record that names its file, or else its own, with a
/// number where a record of another session has that.
fn record_id(known: &[Record], name: &str, document: &Document, now: Timestamp) -> String {
    let stem = stem_of(name);
    let named = known
        .iter()
        .find(|record| record.stem.as_deref() == Some(stem));
    if let Some(record) = named {
        return record.id.clone();
    }
    let seed = document.frontmatter.text(&["planning", "root_seed"]);
    let id = session_id(seed, created(name, document).unwrap_or(now), stem);
    let is_free = |id: &String| {
        let taken = known.iter().find(|record| record.id == *id);
        taken.is_none_or(|record| record.stem.is_none())
    };
    let mut numbered = (2..).map(|number| format!("{id}-{number}"));
    if is_free(&id) {
        return id;
    }
    numbered.find(is_free).unwrap_or(id)
}

/// When a session was created, to the second.
fn created(name: &str, document: &Document) -> Option<Timestamp> {
    let created = document.frontmatter.timestamp(&["session", "created"]);
    created
        .map(|created| created.at)
        .or_else(|| SessionName::parse(name).map(|name| name.created))
}

/// A planning session that was left for another one.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Left {
    /// Its file name.
    pub session: String,
    /// Its short name.
    pub slug: String,
    /// Its record, as the user would write the path.
    pub record: PathBuf,
}

/// Records the planning session `name`, which is used, as archived and pauses it. Does nothing where
/// none is used, or it is the one that is to be used next.
///
/// # Errors
///
/// When it cannot be read, recorded or edited.
pub(super) fn leave(
    store: &Store,
    lock: &Lock,
    name: Option<String>,
    next: Option<&str>,
    now: Timestamp,
) -> Result<Option<Left>> {
    let Some(name) = name.filter(|name| Some(name.as_str()) != next) else {
        return Ok(None);
    };
    let source = match store.read(&name) {
        Err(error) if error.kind == Kind::NotFound => return Ok(None),
        source => source?,
    };
    let document = Document::parse(&source);
    if Planning::of(&document.frontmatter).root_seed.is_none() {
        return Ok(None);
    }
    let path = record(store, lock, &name, &document, Outcome::Archived, now)?;
    turn(
        store,
        lock,
        &name,
        [Status::InProgress, Status::Paused],
        now,
    )?;
    Ok(Some(Left {
        slug: slug_of(&name).to_owned(),
        record: store.shown(&path),
        session: name,
    }))
}

/// Gives a session that has one status another one.
pub(super) fn turn(
    store: &Store,
    lock: &Lock,
    name: &str,
    [from, to]: [Status; 2],
    now: Timestamp,
) -> Result<()> {
    store.update(lock, name, |source| {
        let document = Document::parse(source);
        if document.frontmatter.status() != Some(from) {
            return Ok((None, ()));
        }
        let updated = updated(&document, now);
        let edits = [
            Edit::Set {
                path: &["session", "status"],
                value: Scalar::Word(to.as_str()),
            },
            Edit::Set {
                path: &["session", "last_updated"],
                value: Scalar::Text(&updated),
            },
        ];
        let bytes = apply(store, name, &document, &edits, &Guard::default())?;
        Ok((Some(bytes), ()))
    })
}

/// Notes in its record that a session is worked on again.
pub(super) fn record_active(
    store: &Store,
    lock: &Lock,
    record: &Record,
    name: &str,
    now: Timestamp,
) -> Result<PathBuf> {
    store.change_record(
        lock,
        record,
        &mut |record: &mut Record| -> Result<(), Invalid> {
            record.set_own(stem_of(name), None, None)?;
            record.set_state(State::Active, now)
        },
    )
}

/// The open session that a record is about.
pub(super) fn open_session(store: &Store, record: &Record) -> Result<Option<String>> {
    let mut names = store.names()?;
    if let Some(stem) = &record.stem {
        names.retain(|name| stem_of(name) == stem);
    }
    Ok(names.into_iter().find(|name| {
        let source = store.read(name);
        source.is_ok_and(|source| is_of(record, name, &source))
    }))
}

/// Whether a record is about the session that has this name and content.
pub(super) fn is_of(record: &Record, name: &str, source: &Source) -> bool {
    let document = Document::parse(source);
    is_about(record, name, own_id(name, &document).as_deref())
}

/// Whether a record is about the session of this name: the one it names, or, if it names none, the
/// one that would have its id.
fn is_about(record: &Record, name: &str, own_id: Option<&str>) -> bool {
    match &record.stem {
        Some(stem) => stem == stem_of(name),
        None => own_id == Some(&record.id),
    }
}

/// The id that a session has by its seed and creation.
fn own_id(name: &str, document: &Document) -> Option<String> {
    let seed = document.frontmatter.text(&["planning", "root_seed"]);
    let created = created(name, document)?;
    Some(session_id(seed, created, stem_of(name)))
}
