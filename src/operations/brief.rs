//! The one text from which anybody can go on: what a session is about, where it stands, what comes
//! next.

use std::path::PathBuf;

use serde::Serialize;

use super::list::State;
use super::runs::{self, Count};
use super::slug_of;
use crate::document::schema::{
    ACCEPTANCE_CRITERIA, BLOCKERS, CURRENT_STATE, EXECUTION_PROGRESS, NEXT_STEPS,
};
use crate::document::time::Timestamp;
use crate::document::{Document, Handoff, Progress, Status};
use crate::store::Store;

/// Log entries that a brief shows.
const ENTRIES: usize = 3;

/// A session in short.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Brief {
    /// Its file name.
    pub session: String,
    /// Its short name.
    pub slug: String,
    /// The file, as the user would write it.
    pub path: PathBuf,
    /// Its title.
    pub title: Option<String>,
    /// Its status, if valid.
    pub status: Option<Status>,
    /// Its effective state.
    pub state: State,
    /// Ticked items of all.
    pub progress: Progress,
    /// Its issue.
    pub issue: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// What is being worked on.
    pub current_task: Option<String>,
    /// The last handoff, and who took it.
    pub handoff: Option<Handoff>,
    /// Whether the log went on after Current State was last written.
    pub behind: bool,
    /// Where things stand, in Markdown.
    pub current_state: Option<String>,
    /// What comes next, in Markdown.
    pub next_steps: Option<String>,
    /// What stands in the way.
    pub blockers: Vec<String>,
    /// Open items of waves and acceptance criteria.
    pub open_items: Vec<String>,
    /// Agents that run on it, or could go on, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<Count>,
    /// The last entries of the log, in order.
    pub log: Vec<Entry>,
}

/// An entry of the log.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Entry {
    /// Its heading, such as `2025-12-04 14:30 - dev/note`.
    pub heading: String,
    /// Its text, in Markdown.
    pub text: String,
}

impl Brief {
    /// The brief of a session.
    pub fn new(store: &Store, name: &str, document: &Document, now: Timestamp) -> Self {
        let frontmatter = &document.frontmatter;
        let text = |path: &[&str]| frontmatter.text(path).map(str::to_owned);
        let section = |name| document.section_text(name).map(str::to_owned);
        let open = |section| {
            let items = document.open_items(section);
            items.map(|(_, item)| item.text.of(document.text).to_owned())
        };
        let log = document.body.log(document.text);
        let recent = log.iter().skip(log.len().saturating_sub(ENTRIES));
        Self {
            session: name.to_owned(),
            slug: slug_of(name).to_owned(),
            path: store.shown(&store.path(name)),
            title: frontmatter.title().map(str::to_owned),
            status: frontmatter.status(),
            state: State::of(document, now),
            progress: document.progress(),
            issue: frontmatter.issue().map(str::to_owned),
            branch: text(&["session", "branch"]),
            current_task: frontmatter.current_task().map(str::to_owned),
            handoff: document.handoff(),
            behind: document.is_behind(),
            current_state: section(CURRENT_STATE),
            next_steps: section(NEXT_STEPS),
            blockers: open(BLOCKERS).collect(),
            open_items: open(EXECUTION_PROGRESS)
                .chain(open(ACCEPTANCE_CRITERIA))
                .collect(),
            runs: runs::ledger(store).and_then(|ledger| Count::of(&ledger, name)),
            log: recent
                .filter_map(|entry| {
                    let heading = document.body.headings.get(entry.heading)?;
                    Some(Entry {
                        heading: heading.title.to_string(),
                        text: entry.text.of(document.text).to_owned(),
                    })
                })
                .collect(),
        }
    }
}
