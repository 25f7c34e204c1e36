//! What somebody says about a close, and the command that says the same.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use serde::{Deserialize, Serialize};

use super::Item;
use crate::error::{Error, Result};
use crate::operations::trust::{self, External};
use crate::shell;
use crate::store::{Store, TrustFile};

pub(super) const WRITE_ADRS: &str = "--write-adrs";
pub(super) const WRITE_LESSONS: &str = "--write-lessons";

/// What somebody vouches for, and what is to be written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[serde(default)]
pub struct Request {
    /// Ids of items that are confirmed.
    pub confirmed: Vec<String>,
    /// Ids of items that are waived, each with the reason.
    pub waived: Vec<(String, String)>,
    /// Write a record for each decision that has none.
    pub write_adrs: bool,
    /// Add each lesson to the project's document that it does not have.
    pub write_lessons: bool,
    /// Where remaining work is filed.
    pub file_remaining: Option<String>,
    /// Make one commit of what closing changes.
    pub commit: bool,
    /// Items of the ledger that were filed, each with its id: by number, title or part of it.
    #[serde(skip)]
    pub filed: Vec<(String, String)>,
    /// Items of the ledger that were not filed.
    #[serde(skip)]
    pub refile: Vec<String>,
    /// Which commands may run; none without it.
    #[serde(skip)]
    pub trust: Option<TrustFile>,
    /// Who vouches.
    #[serde(skip)]
    pub by: String,
    /// The host's id of the conversation in which it is closed.
    #[serde(skip)]
    pub conversation: Option<String>,
    /// Counts the files in which references are looked for, while they are.
    #[serde(skip)]
    pub searched: Arc<AtomicUsize>,
    /// A person answers, who may vouch for everything.
    #[serde(skip)]
    pub in_person: bool,
    /// The run as which somebody calls, which may be running.
    #[serde(skip)]
    pub run: Option<String>,
}

impl Request {
    /// The command that closes the session with all of this.
    pub fn command(&self, store: &Store, name: &str) -> String {
        let mut command = format!("agentsess close {}", store.selector(name));
        for id in &self.confirmed {
            let _ = write!(command, " --confirm {}", shell::word(id));
        }
        for (id, reason) in &self.waived {
            let _ = write!(
                command,
                " --waive {}={}",
                shell::word(id),
                shell::word(reason)
            );
        }
        for (asked, flag) in [
            (self.write_adrs, WRITE_ADRS),
            (self.write_lessons, WRITE_LESSONS),
            (self.commit, "--commit"),
        ] {
            if asked {
                let _ = write!(command, " {flag}");
            }
        }
        if let Some(sink) = &self.file_remaining {
            let _ = write!(command, " --file-remaining {}", shell::word(sink));
        }
        for (item, id) in &self.filed {
            let _ = write!(
                command,
                " --filed {}={}",
                shell::word(item),
                shell::word(id)
            );
        }
        for item in &self.refile {
            let _ = write!(command, " --refile {}", shell::word(item));
        }
        command
    }

    /// The same without a word on one item.
    pub(super) fn without(&self, id: &str) -> Self {
        let mut rest = self.clone();
        rest.confirmed.retain(|confirmed| confirmed != id);
        rest.waived.retain(|(waived, _)| waived != id);
        rest
    }

    /// The same with an item waived instead of confirmed.
    pub(super) fn waiving(&self, id: &str, reason: &str) -> Self {
        let mut waiving = self.without(id);
        waiving.waived.push((id.to_owned(), reason.to_owned()));
        waiving
    }

    pub(super) fn waives(&self, item: Item) -> bool {
        self.waived.iter().any(|(id, _)| id == item.id())
    }

    pub(super) fn require_trust(&self, store: &Store, command: &External) -> Result<()> {
        match &self.trust {
            Some(file) => trust::require(store, file, std::slice::from_ref(command)),
            None => Err(
                Error::usage(format!("`{}` is not trusted here", command.name))
                    .hint("agentsess trust --list"),
            ),
        }
    }
}
