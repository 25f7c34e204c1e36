//! What rules may ask about the repository around a session. Every answer is looked up once,
//! whichever of many sessions asks first.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{OnceLock, PoisonError, RwLock};

use crate::git::Repository;
use crate::store::{DecisionRecords, Store};

/// The repository around the sessions that are checked.
#[derive(Debug)]
pub struct Project<'s> {
    store: &'s Store,
    branch: OnceLock<Option<String>>,
    default_branch: OnceLock<Option<String>>,
    decisions: OnceLock<DecisionRecords>,
    paths: RwLock<HashMap<PathBuf, bool>>,
}

impl<'s> Project<'s> {
    /// The repository of a store.
    pub fn new(store: &'s Store) -> Self {
        Self {
            store,
            branch: OnceLock::new(),
            default_branch: OnceLock::new(),
            decisions: OnceLock::new(),
            paths: RwLock::default(),
        }
    }

    /// Whether there is a file or folder at a path that a session names, relative to the root.
    pub fn has_path(&self, path: &str) -> bool {
        self.exists(self.store.root.join(path))
    }

    /// Whether there is a session with this file name.
    pub fn has_session(&self, name: &str) -> bool {
        self.exists(self.store.sessions.join(name))
    }

    fn exists(&self, path: PathBuf) -> bool {
        let known = self.paths.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(exists) = known.get(&path) {
            return *exists;
        }
        drop(known);
        // A link that leads nowhere is there, whatever it is worth.
        let exists = path.symlink_metadata().is_ok();
        let mut known = self.paths.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(path, exists);
        exists
    }

    /// The branch that is checked out, if there is one.
    pub fn branch(&self) -> Option<&str> {
        let repository = self.store.repository.as_ref();
        let branch = || repository.and_then(Repository::branch);
        self.branch.get_or_init(branch).as_deref()
    }

    /// Whether a branch is the one that everybody starts from: the remote's head, or else one with
    /// a usual name.
    pub fn is_default_branch(&self, branch: &str) -> bool {
        let repository = self.store.repository.as_ref();
        let head = || repository.and_then(Repository::default_branch);
        match self.default_branch.get_or_init(head) {
            Some(default) => branch == default,
            None => matches!(branch, "main" | "master" | "trunk"),
        }
    }

    /// The architecture decision records.
    pub fn decisions(&self) -> &DecisionRecords {
        self.decisions.get_or_init(|| self.store.decision_records())
    }
}
