//! Planning sessions, open or recorded.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{created, is_about, own_id};
use crate::document::record::State;
use crate::document::time::format_rfc3339;
use crate::document::{Document, Planning, Record, Source, Status};
use crate::error::{Error, Result};
use crate::operations::stem_of;
use crate::store::Store;

/// A planning session: open, recorded, or both.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The id of its record, there or not.
    pub id: String,
    /// `active`, `paused`, `completed`, `archived` or `error`.
    pub state: &'static str,
    /// The idea it grew from.
    pub seed: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// When it was created, RFC 3339.
    pub created: Option<String>,
    /// When it or its record was last written, RFC 3339.
    pub updated: Option<String>,
    /// Its file name, if it is open.
    pub session: Option<String>,
    /// Its file, if it is open, as the user would write it.
    pub path: Option<PathBuf>,
    /// Its record, if there is one, as the user would write it.
    pub record: Option<PathBuf>,
    /// False for a session of another work tree.
    pub here: bool,
}

/// Planning sessions, and the files beside the records that are none.
#[derive(Debug)]
pub struct Listing {
    /// The sessions, the one written last first.
    pub rows: Vec<Row>,
    /// Why files in the folder of records were left out.
    pub skipped: Vec<Error>,
}

/// The open planning sessions of all work trees and the records of this one, those of one seed if
/// it is given. An open session with a record is one row.
///
/// # Errors
///
/// When the sessions or the records cannot be listed.
pub fn list(store: &Store, seed: Option<&str>) -> Result<Listing> {
    let found = store.records()?;
    let folder = store.records_folder()?;
    let mut records: Vec<Option<Record>> = found.records.into_iter().map(Some).collect();
    // Where a record names no file, its id is what a session can be told by.
    let known = records.iter().enumerate().filter_map(|(at, record)| {
        let record = record.as_ref()?;
        Some((record.stem.as_ref().unwrap_or(&record.id).clone(), at))
    });
    let known: HashMap<String, usize> = known.collect();
    let mut rows: Vec<Row> = Vec::new();
    let mut listed = HashSet::new();
    let others = store.other_work_trees();
    for (index, tree) in std::iter::once(store).chain(&others).enumerate() {
        let names = match tree.names() {
            Err(error) if index == 0 => return Err(error),
            names => names.unwrap_or_default(),
        };
        for name in names {
            if !listed.insert(name.clone()) {
                continue;
            }
            let source = tree.read(&name).unwrap_or_else(|_| Source::new(Vec::new()));
            let document = Document::parse(&source);
            let own_id = own_id(&name, &document);
            let keys = [Some(stem_of(&name)), own_id.as_deref()];
            let record = keys.into_iter().flatten().find_map(|key| {
                let record = records.get_mut(*known.get(key)?)?;
                let is_own = |record: &mut Record| is_about(record, &name, own_id.as_deref());
                record.take_if(is_own)
            });
            let planning = Planning::of(&document.frontmatter);
            if record.is_none() && planning.root_seed.is_none() {
                continue;
            }
            let mut row = open_row(tree, &name, &document, record.as_ref(), &folder);
            row.here = index == 0;
            rows.push(row);
        }
    }
    let left = records.iter().flatten();
    rows.extend(left.map(|record| record_row(store, record, &folder)));
    rows.retain(|row| seed.is_none() || row.seed.as_deref() == seed);
    rows.sort_by_cached_key(|row| (Reverse(row.updated.clone()), row.id.clone()));
    Ok(Listing {
        rows,
        skipped: found.skipped,
    })
}

fn open_row(
    store: &Store,
    name: &str,
    document: &Document,
    record: Option<&Record>,
    folder: &Path,
) -> Row {
    let frontmatter = &document.frontmatter;
    let seed = Planning::of(frontmatter).root_seed;
    let created = created(name, document);
    let state = match (record, frontmatter.status()) {
        (Some(record), _) if record.is_failed() => State::Error.as_str(),
        (_, Some(Status::Paused)) => "paused",
        (_, Some(Status::Completed)) => State::Completed.as_str(),
        _ => State::Active.as_str(),
    };
    let updated = frontmatter.last_updated().map(|updated| updated.at);
    Row {
        id: record
            .map(|record| record.id.clone())
            .or_else(|| own_id(name, document))
            .unwrap_or_else(|| stem_of(name).to_owned()),
        state,
        title: frontmatter.title().map(str::to_owned),
        created: created.map(format_rfc3339),
        updated: updated
            .max(record.map(|record| record.updated))
            .map(format_rfc3339),
        session: Some(name.to_owned()),
        path: Some(store.shown(&store.path(name))),
        record: record.map(|record| path_of(store, record, folder)),
        here: true,
        seed,
    }
}

fn record_row(store: &Store, record: &Record, folder: &Path) -> Row {
    let state = if record.is_failed() {
        State::Error
    } else {
        record.state
    };
    Row {
        id: record.id.clone(),
        state: state.as_str(),
        seed: record.planning.root_seed.clone(),
        title: record.title.clone(),
        created: Some(format_rfc3339(record.created)),
        updated: Some(format_rfc3339(record.updated)),
        session: None,
        path: None,
        record: Some(path_of(store, record, folder)),
        here: true,
    }
}

fn path_of(store: &Store, record: &Record, folder: &Path) -> PathBuf {
    store.shown(&folder.join(format!("{}.json", record.id)))
}
