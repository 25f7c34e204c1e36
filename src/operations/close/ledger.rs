//! What has been filed and what was about to be, written down before each call, so that a close
//! that is killed at any point can be gone on with and creates nothing twice.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Content {
    schema_version: u32,
    /// In the order in which they were begun; an item's number is its place, from 1.
    pub items: Vec<Line>,
    /// Documents that were or were about to be written and are not committed yet, with the hash of
    /// what was written.
    #[serde(default)]
    pub written: Vec<Written>,
}

/// A document, relative to the root.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Written {
    pub path: PathBuf,
    pub sha256: String,
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

    /// What is to be called before a write, so that a close that is killed, or whose commit fails,
    /// is known to have made it. Without a commit nobody asks.
    pub fn before<'l>(
        &'l mut self,
        store: &'l Store,
        closing: &'l Closing,
        name: &'l str,
        commit: bool,
    ) -> impl FnMut(&Path, &[u8]) -> Result<()> + 'l {
        move |path, bytes| {
            if !commit {
                return Ok(());
            }
            // What is there may be ours as well, and stays so if this is never written.
            self.content.written.push(Written {
                path: path.to_owned(),
                sha256: sha256(bytes),
            });
            self.save(store, closing, name)
        }
    }

    /// The documents that an earlier close wrote and that still are what it wrote.
    pub fn written(&self, store: &Store) -> Vec<PathBuf> {
        let ours = self.content.written.iter().filter(|written| {
            let bytes = store.read_document(&written.path).ok().flatten();
            bytes.is_some_and(|bytes| sha256(&bytes) == written.sha256)
        });
        ours.map(|written| written.path.clone()).collect()
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
