//! What has been filed and what was about to be, written down before each call, so that a close
//! that is killed at any point can be gone on with and creates nothing twice.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::filing::{self, Filed};
use super::gate::Plan;
use super::{Request, commit};
use crate::document::sha256;
use crate::error::{Error, Result};
use crate::operations::stem_of;
use crate::shell;
use crate::store::{Closing, Store};

/// The ledger of one session's close.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    bytes: Option<Vec<u8>>,
    pub content: Content,
    /// Full paths of documents that had changes of others before closing wrote to them.
    pub mixed: Vec<PathBuf>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Content {
    schema_version: u32,
    /// In the order in which they were begun; an item's number is its place, from 1.
    pub items: Vec<Line>,
    /// Documents that were or were about to be written.
    #[serde(default)]
    pub written: Vec<Written>,
    /// What the last close was asked to do.
    #[serde(default)]
    pub request: Request,
}

/// A document, relative to the root.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Written {
    path: PathBuf,
    /// Of what was written; `None` where changes of others are in it.
    sha256: Option<String>,
}

impl Written {
    /// Whether this is what a file with this hash has.
    fn is(&self, there: Option<&String>) -> bool {
        there.is_some() && there == self.sha256.as_ref()
    }
}

/// The hash of what a document has, if it is there.
fn hash(store: &Store, path: &Path) -> Option<String> {
    let bytes = store.read_document(path).ok().flatten();
    bytes.map(|bytes| sha256(&bytes))
}

/// An item that was filed or was about to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Line {
    /// Tells it from the others, whatever line of the session it stands on.
    pub key: String,
    pub title: String,
    pub sink: String,
    pub state: State,
    /// Once it is known; of an intent, the id it is to have where that is ours to say.
    pub id: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Begun; nobody knows how it ended.
    Intent,
    /// Done: there is an id.
    Filed,
    /// Not done.
    Failed,
}

impl Ledger {
    pub fn load(store: &Store, name: &str) -> Result<Self> {
        let stem = stem_of(name);
        let Some(bytes) = store.ledger(stem)? else {
            return Ok(Self::default());
        };
        match serde_json::from_slice::<Content>(&bytes) {
            Ok(content) if content.schema_version == 1 => Ok(Self {
                bytes: Some(bytes),
                content,
                mixed: Vec::new(),
            }),
            _ => {
                let path = store.shown(&store.ledger_path(stem));
                let hint = format!("rm {}", shell::word(&path.display().to_string()));
                Err(Error::usage(
                    "this is no ledger of a close; without it nobody knows what was filed",
                )
                .at(&path, None)
                .hint(hint))
            }
        }
    }

    /// What is about to be done, and where others have been at work before.
    pub fn begin(&mut self, store: &Store, plan: &Plan, request: &Request) {
        self.content.request = request.clone();
        // Without git's word on it nothing is known to be ours.
        self.mixed =
            commit::mixed(store, self, plan).unwrap_or_else(|_| commit::amended(store, plan));
    }

    /// Makes what has changed durable.
    pub fn save(&mut self, store: &Store, closing: &Closing, name: &str) -> Result<()> {
        self.content.schema_version = 1;
        let new = serde_json::to_vec_pretty(&self.content)
            .map_err(|error| Error::io("write the ledger", Path::new(name), &error.into()))?;
        if self.bytes.as_ref() != Some(&new) {
            store.write_ledger(closing, stem_of(name), self.bytes.as_deref(), &new)?;
            self.bytes = Some(new);
        }
        Ok(())
    }

    /// What is to be called before a document is written, so that it is known to be ours if this
    /// close is killed or fails.
    pub fn before<'l>(
        &'l mut self,
        store: &'l Store,
        closing: &'l Closing,
        name: &'l str,
    ) -> impl FnMut(&Path, &[u8]) -> Result<()> + 'l {
        move |path, bytes| {
            let mixed = self.mixed.contains(&store.root.join(path));
            // What is there may be ours as well, and stays so if this is never written.
            let there = hash(store, path);
            let written = &mut self.content.written;
            written.retain(|written| written.path != path || written.is(there.as_ref()));
            written.push(Written {
                path: path.to_owned(),
                sha256: (!mixed).then(|| sha256(bytes)),
            });
            self.save(store, closing, name)
        }
    }

    /// The full paths of the documents that still are what closing wrote.
    pub fn ours(&self, store: &Store) -> Vec<PathBuf> {
        let ours = self.content.written.iter();
        let ours = ours.filter(|written| written.is(hash(store, &written.path).as_ref()));
        ours.map(|written| store.root.join(&written.path)).collect()
    }

    /// The documents that were written, relative to the root.
    pub fn written(&self, store: &Store) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = Vec::new();
        for written in &self.content.written {
            let path = &written.path;
            let is_document = !store.root.join(path).starts_with(&store.sessions);
            let stands = written.sha256.is_none() || written.is(hash(store, path).as_ref());
            if is_document && stands && !found.contains(path) {
                found.push(path.clone());
            }
        }
        found
    }

    /// The work that was filed.
    pub fn filed(&self) -> Vec<Filed> {
        let lines = self.content.items.iter();
        let filed = lines.filter(|line| line.state == State::Filed);
        let filed = filed.filter_map(|line| {
            Some(Filed {
                id: line.id.clone()?,
                title: line.title.clone(),
                sink: line.sink.clone(),
            })
        });
        filed.collect()
    }

    /// The items of which nobody knows whether they were filed, each with its number.
    fn unknown(&self) -> impl Iterator<Item = (usize, &Line)> {
        let lines = (1..).zip(&self.content.items);
        lines.filter(|(_, line)| line.state == State::Intent && line.id.is_none())
    }

    /// The options that answer for those, each with a blank before it.
    pub fn answers(&self) -> String {
        let answers = self.unknown().map(|(number, _)| filing::answer(number));
        answers.fold(String::new(), |all, answer| format!("{all} {answer}"))
    }

    /// Puts an item in the place of the one of this number, or behind the others, and returns its
    /// number.
    pub fn put(&mut self, number: Option<usize>, line: Line) -> usize {
        let at = number.and_then(|number| number.checked_sub(1));
        let old = at.and_then(|at| self.content.items.get_mut(at));
        if let (Some(old), Some(number)) = (old, number) {
            *old = line;
            return number;
        }
        self.content.items.push(line);
        self.content.items.len()
    }

    /// The item of this number, from 1.
    pub fn item(&mut self, number: usize) -> Option<&mut Line> {
        self.content.items.get_mut(number.checked_sub(1)?)
    }
}

/// A close that began to write or to file and did not get to the end.
#[derive(Debug)]
pub struct Stopped {
    /// The ids of what it filed.
    pub filed: Vec<String>,
    /// The titles of items of which nobody knows whether they were filed.
    pub unknown: Vec<String>,
    /// The documents it wrote, relative to the root.
    pub written: Vec<PathBuf>,
    /// The command that goes on from there.
    pub command: String,
}

/// The close of this session that was stopped, if one was. To be asked while none is at work.
///
/// # Errors
///
/// When what it wrote down cannot be read.
pub fn stopped(store: &Store, name: &str) -> Result<Option<Stopped>> {
    let ledger = Ledger::load(store, name)?;
    if ledger.bytes.is_none() {
        return Ok(None);
    }
    let command = ledger.content.request.command(store, name);
    Ok(Some(Stopped {
        filed: ledger.filed().into_iter().map(|filed| filed.id).collect(),
        command: command + &ledger.answers(),
        unknown: ledger
            .unknown()
            .map(|(_, line)| line.title.clone())
            .collect(),
        written: ledger.written(store),
    }))
}
