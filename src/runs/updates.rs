use std::collections::BTreeMap;

use super::{Run, RunId};

/// What is known of runs and not yet written down: the last word on each.
#[derive(Debug, Default)]
pub struct Updates {
    pending: BTreeMap<RunId, Run>,
}

impl Updates {
    /// What is known of a run now.
    pub fn put(&mut self, run: &Run) {
        self.pending.insert(run.id.clone(), run.clone());
    }

    /// Whether there is nothing to write down.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// What is to be written down.
    pub fn runs(&self) -> Vec<Run> {
        self.pending.values().cloned().collect()
    }

    /// It is written down.
    pub fn clear(&mut self) {
        self.pending.clear();
    }
}
