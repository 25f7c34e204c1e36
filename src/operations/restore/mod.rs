//! Brings sessions back: from the trash as they were, or from a record as far as it knows them.

mod draft;

use std::path::{Path, PathBuf};

use super::planning::{self, Left};
use super::{slug_of, stem_of};
use crate::document::{Record, SessionName, Source, Status, file_name, slugify};
use crate::error::{Error, Kind, Result};
use crate::shell;
use crate::store::{Lock, Records, Store, Trashed};

use crate::document::time::Timestamp;

/// A session that was brought back.
#[derive(Debug)]
pub struct Restored {
    /// Its file name.
    pub session: String,
    /// The file.
    pub path: PathBuf,
    /// Where its content is from.
    pub from: Origin,
    /// Its record, which says now that it is active.
    pub record: Option<PathBuf>,
    /// The planning session that was left for it.
    pub left: Option<Left>,
}

/// Where the content of a restored session is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The trash: it is what it was, byte for byte.
    Trash,
    /// A record, which knows its links and title only.
    Record,
    /// It was open all the time.
    Open,
}

enum Found {
    Trashed(Trashed),
    Recorded(Box<Record>),
}

/// Brings back the session that `wanted` means: the id of a record, the name or slug of a session
/// in the trash, a seed, or the beginning of one of these. Of several copies in the trash or
/// records of one seed, the latest. A session that has a record becomes the one that this work
/// tree uses; the planning session that it used is recorded as archived and paused first.
///
/// # Errors
///
/// When nothing or more than one session fits, a session of that name exists, or the operating
/// system refuses.
pub fn restore(store: &Store, wanted: &str, agent: &str, now: Timestamp) -> Result<Restored> {
    let trashed = store.trashed();
    let Records { records, skipped } = store.records()?;
    let found = find(store, &trashed, &records, wanted).map_err(|error| {
        let named = |error: &&Error| {
            let path = error.location.as_ref().map(|at| at.path.as_path());
            path.and_then(Path::file_stem) == Some(wanted.as_ref())
        };
        skipped.iter().find(named).cloned().unwrap_or(error)
    })?;
    let lock = store.lock()?;
    let (record, copy) = match found {
        Found::Recorded(record) => {
            let copy = trashed.into_iter().find(|copy| is_copy(copy, &record));
            (*record, copy)
        }
        Found::Trashed(copy) => {
            let source = Source::new(copy.bytes()?);
            let name = &copy.entry.name;
            let is_its = |record: &Record| planning::is_of(record, name, &source);
            let record = records.into_iter().find(is_its);
            let taken = store.home(&copy).symlink_metadata().is_ok() && !store.is_back(&copy);
            match record.filter(|_| copy.entry.became.is_none() && !taken) {
                Some(record) => (record, Some(copy)),
                None => return bring_back(store, &lock, &copy),
            }
        }
    };
    let open = planning::open_session(store, &record)?;
    if let (None, Some(copy)) = (&open, &copy) {
        // What cannot be brought back is no reason to leave what is used now.
        copy.bytes()?;
    }
    let next = open
        .as_deref()
        .or(copy.as_ref().map(|copy| copy.entry.name.as_str()));
    let left = planning::leave(store, &lock, store.used(), next, now)?;
    let (session, from) = match (open, copy) {
        (Some(name), _) => {
            planning::turn(
                store,
                &lock,
                &name,
                [Status::Paused, Status::InProgress],
                now,
            )?;
            (name, Origin::Open)
        }
        (None, Some(copy)) => (bring_back(store, &lock, &copy)?.session, Origin::Trash),
        (None, None) => (create(store, &lock, &record, agent, now)?, Origin::Record),
    };
    let written = planning::record_active(store, &lock, &record, &session, now)?;
    store.use_session(&lock, Some(&session))?;
    Ok(Restored {
        path: store.shown(&store.path(&session)),
        session,
        from,
        record: Some(store.shown(&written)),
        left,
    })
}

fn bring_back(store: &Store, lock: &Lock, copy: &Trashed) -> Result<Restored> {
    let name = &copy.entry.name;
    store.own(name)?;
    let path =
        store
            .bring_back(lock, copy)
            .map_err(|error| match (error.kind, &copy.entry.origin) {
                (Kind::Ambiguous, None) => {
                    Error::new(Kind::Ambiguous, "a session of this name exists")
                        .at(&store.shown(&store.path(name)), None)
                        .hint(format!("agentsess show -s {}", stem_of(name)))
                }
                _ => error,
            })?;
    Ok(Restored {
        session: name.clone(),
        path: store.shown(&path),
        from: Origin::Trash,
        record: None,
        left: None,
    })
}

/// Whether a copy in the trash is of the session that a record is about.
fn is_copy(copy: &Trashed, record: &Record) -> bool {
    let name = &copy.entry.name;
    if let Some(stem) = &record.stem {
        return stem == stem_of(name);
    }
    let bytes = copy.bytes();
    bytes.is_ok_and(|bytes| planning::is_of(record, name, &Source::new(bytes)))
}

/// Makes the file of a session from its record, under the name it had where that is known.
fn create(
    store: &Store,
    lock: &Lock,
    record: &Record,
    agent: &str,
    now: Timestamp,
) -> Result<String> {
    let own = record.stem.as_ref().map(|stem| format!("{stem}.md"));
    let own = own.filter(|name| SessionName::parse(name).is_some());
    let slug = slugify(&draft::title(record));
    let names = (1..1000).map(|attempt| file_name(record.created, &slug, attempt));
    for name in own.into_iter().chain(names) {
        let bytes = draft::draft(store, record, agent, now)?;
        if store.path(&name).symlink_metadata().is_err() {
            store.own(&name)?;
        }
        match store.create(lock, &name, &bytes) {
            Err(error) if error.kind == Kind::Ambiguous => {}
            created => return created.map(|()| name),
        }
    }
    Err(Error::usage(format!("a thousand sessions have the name `{slug}`")).hint("agentsess list"))
}

/// What brings this entry of the trash back and no other: the path of a file that was adopted, the
/// name of a session.
pub fn call(store: &Store, trashed: &Trashed) -> String {
    match trashed.entry.origin {
        Some(_) => store.shown(&store.home(trashed)).display().to_string(),
        None => stem_of(&trashed.entry.name).to_owned(),
    }
}

fn find(store: &Store, trashed: &[Trashed], records: &[Record], wanted: &str) -> Result<Found> {
    if let Some(record) = records.iter().find(|record| record.id == wanted) {
        return Ok(Found::Recorded(Box::new(record.clone())));
    }
    let bare = stem_of(wanted);
    let place = store.absolute(Path::new(wanted));
    let was_there = |copy: &Trashed| copy.entry.origin.is_some() && store.home(copy) == place;
    if let Some(copy) = latest_copy(store, trashed, wanted, &was_there)? {
        return Ok(Found::Trashed(copy));
    }
    let recorded = |fits: &dyn Fn(&Record) -> bool| {
        latest_record(
            records.iter().filter(|record| fits(record)).collect(),
            wanted,
        )
    };
    if let Some(copy) = latest_copy(store, trashed, wanted, &named(&|name| name == bare))? {
        return Ok(Found::Trashed(copy));
    }
    let seed = |record: &Record| record.planning.root_seed.clone();
    if let Some(record) = recorded(&|record| seed(record).as_deref() == Some(wanted))? {
        return Ok(record);
    }
    if bare.is_empty() {
        return Err(nothing(wanted));
    }
    if let Some(copy) = latest_copy(
        store,
        trashed,
        wanted,
        &named(&|name| name.starts_with(bare)),
    )? {
        return Ok(Found::Trashed(copy));
    }
    let begins = |record: &Record| {
        let seed = seed(record);
        record.id.starts_with(bare) || seed.is_some_and(|seed| seed.starts_with(bare))
    };
    recorded(&begins)?.ok_or_else(|| nothing(wanted))
}

fn nothing(wanted: &str) -> Error {
    let message = format!("nothing in the trash matches `{wanted}`, and no record does");
    Error::new(Kind::NotFound, message).hint("agentsess restore")
}

/// The copy in the trash that a name, a slug or the beginning of one means; of several copies of
/// one session, the latest.
///
/// # Errors
///
/// When several sessions fit.
pub(super) fn find_copy(
    store: &Store,
    trashed: &[Trashed],
    wanted: &str,
) -> Result<Option<Trashed>> {
    let bare = stem_of(wanted);
    let begins = |name: &str| !bare.is_empty() && name.starts_with(bare);
    match latest_copy(store, trashed, wanted, &named(&|name| name == bare))? {
        None => latest_copy(store, trashed, wanted, &named(&begins)),
        found => Ok(found),
    }
}

/// The first of those that fit, which are in order, if they are all of one session.
fn latest_copy(
    store: &Store,
    trashed: &[Trashed],
    wanted: &str,
    fits: &dyn Fn(&Trashed) -> bool,
) -> Result<Option<Trashed>> {
    let found: Vec<&Trashed> = trashed.iter().filter(|copy| fits(copy)).collect();
    let Some(latest) = found.first() else {
        return Ok(None);
    };
    let home = store.home(latest);
    if found.iter().all(|copy| store.home(copy) == home) {
        return Ok(Some((*latest).clone()));
    }
    let calls = found.iter().map(|copy| call(store, copy));
    let message = format!("`{wanted}` fits several sessions in the trash");
    Err(ambiguous(message, calls.collect()))
}

/// Whether the name or slug of a copy fits.
fn named(fits: &dyn Fn(&str) -> bool) -> impl Fn(&Trashed) -> bool {
    move |copy| {
        let name = &copy.entry.name;
        fits(stem_of(name)) || fits(slug_of(name))
    }
}

/// The latest of these records, if they are all of one seed and one of them is the latest.
fn latest_record(found: Vec<&Record>, wanted: &str) -> Result<Option<Found>> {
    let Some(latest) = found.iter().max_by_key(|record| record.updated) else {
        return Ok(None);
    };
    let seed = &latest.planning.root_seed;
    let same_seed = seed.is_some() && found.iter().all(|one| &one.planning.root_seed == seed);
    let same_time = found.iter().filter(|one| one.updated == latest.updated);
    if found.len() == 1 || (same_seed && same_time.count() == 1) {
        return Ok(Some(Found::Recorded(Box::new((*latest).clone()))));
    }
    let mut found = found;
    found.sort_by_key(|record| std::cmp::Reverse(record.updated));
    let ids = found.iter().map(|record| record.id.clone());
    let message = format!("`{wanted}` fits {} records", found.len());
    Err(ambiguous(message, ids.collect()))
}

fn ambiguous(message: String, mut candidates: Vec<String>) -> Error {
    candidates.dedup();
    let first = candidates.first().map(String::as_str).unwrap_or_default();
    let hint = format!("agentsess restore {}", shell::word(first));
    let mut error = Error::new(Kind::Ambiguous, message).hint(hint);
    error.details = candidates;
    error
}
