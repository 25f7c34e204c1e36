//! Knowledge first, then deletion: a gate whose items are proven where they can be, confirmed by a
//! person where they cannot, and waived only with a reason. While one is unmet nothing is touched.

mod agents;
mod commit;
mod committed;
mod decisions;
mod filing;
mod finish;
mod gate;
mod items;
mod ledger;
mod lessons;
mod list;
mod open;
mod references;
mod request;
mod sink;

use std::path::PathBuf;

use serde::Serialize;

pub use filing::Filed;
pub use finish::close;
pub use gate::{Gate, check};
pub use ledger::{Stopped, stopped};
pub use request::Request;

pub use crate::config::Item;

use super::stem_of;
use crate::document::time::Timestamp;
use crate::document::{Document, Status, yaml};
use crate::error::{Error, Result};
use crate::store::Store;

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Shown to be so.
    Proven,
    /// There is nothing to ask.
    NotApplicable,
    /// Will be so once closing has written what it was told to write.
    Planned,
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
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Check {
    /// The item.
    pub item: Item,
    /// How it stands.
    pub verdict: Verdict,
    /// Why, in a few words.
    pub note: String,
    /// The places or texts it is about.
    pub details: Vec<String>,
    /// The option that meets it, where closing can do that itself.
    #[serde(skip)]
    pub(crate) remedy: Option<String>,
}

/// What is checked.
#[derive(Debug, Clone, Copy)]
struct Subject<'s> {
    store: &'s Store,
    name: &'s str,
    document: &'s Document<'s>,
    now: Timestamp,
}

/// What closing did.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Closed {
    /// The session's file name.
    pub session: String,
    /// Its short name.
    pub slug: String,
    /// Remaining work that was filed, by stopped closes before it too.
    pub filed: Vec<Filed>,
    /// Documents that were written, by stopped closes before it too, relative to the root.
    pub written: Vec<PathBuf>,
    /// Sessions whose `parent` was cleared.
    pub cleared_parents: Vec<String>,
    /// The record that it leaves, as the user would write it.
    pub record: Option<PathBuf>,
    /// The commit that was made of all of it.
    pub commit: Option<String>,
    /// Where the copy is.
    pub trash: PathBuf,
    /// The command that brings the session back.
    pub undo: String,
}

/// The names of the sessions that are completed.
///
/// # Errors
///
/// When the folder or a session cannot be read.
pub fn completed(store: &Store) -> Result<Vec<String>> {
    let mut names = store.names()?;
    let mut failed = None;
    names.retain(|name| match store.read(name) {
        Ok(source) => Document::parse(&source).frontmatter.status() == Some(Status::Completed),
        Err(error) => {
            failed.get_or_insert(error);
            false
        }
    });
    failed.map_or(Ok(names), Err)
}

/// The item that the command line means.
fn item(store: &Store, name: &str, request: &Request, id: &str) -> Result<Item> {
    let found = Item::ALL.into_iter().find(|item| item.id() == id);
    found.ok_or_else(|| {
        let mut error = Error::usage(format!("`{id}` is no item of the gate"));
        error.details = Item::ALL.map(|item| item.id().to_owned()).to_vec();
        let command = request.without(id).command(store, name);
        error.hint(format!("{command} --dry-run"))
    })
}

const PARENT: &[&str] = &["session", "parent"];

fn names(value: &yaml::Node, stem: &str) -> bool {
    value.text().is_some_and(|text| stem_of(text) == stem)
}
