//! Edits that change the bytes they name and no others.
//!
//! An edit is a splice of the text, computed from the spans of one parse. Nothing is trusted about
//! it: the result is parsed again by the parsers of record and compared with what was there
//! before, key by key and section by section. If anything but the named part reads differently,
//! the edit is refused. So a layout that this module does not foresee costs an error message,
//! never a damaged file.

use std::fmt;

use super::span::Span;
use super::time::{Timestamp, format_minute};
use super::{Document, Fences, Source, Unclosed, WaveState};

mod agents;
mod body;
mod frontmatter;
mod items;
mod patch;
mod proof;
mod rewrite;

pub use body::heading_text;
pub use frontmatter::quoted;
pub use rewrite::Rewrite;

/// A value for a frontmatter key.
#[derive(Debug, Clone, Copy)]
pub enum Scalar<'e> {
    /// Text, which is written in quotes.
    Text(&'e str),
    /// A word such as a status, which is written as it is.
    Word(&'e str),
}

/// An agent to be listed under `orchestration.spawned_agents`.
#[derive(Debug, Clone, Copy)]
pub struct Agent<'e> {
    /// Its name.
    pub agent: &'e str,
    /// What it is to do.
    pub task: &'e str,
    /// One of [`super::schema::AGENT_STATUSES`].
    pub status: &'e str,
    /// What came of it.
    pub summary: Option<&'e str>,
}

/// A change to one named part of a session.
#[derive(Debug, Clone, Copy)]
pub enum Edit<'e> {
    /// Set a frontmatter key, which is added if it is not there.
    Set {
        /// Path from the top.
        path: &'e [&'e str],
        /// The new value.
        value: Scalar<'e>,
    },
    /// Remove a frontmatter key with its value.
    Remove {
        /// Path from the top.
        path: &'e [&'e str],
    },
    /// Add a text to a list of texts in the frontmatter, unless it is there already.
    Include {
        /// Path from the top.
        path: &'e [&'e str],
        /// The text.
        text: &'e str,
    },
    /// List an agent after those that are there.
    AddAgent(Agent<'e>),
    /// Set a key of a listed agent, which is added if it is not there.
    SetAgent {
        /// Index into the list.
        at: usize,
        /// The key.
        key: &'e str,
        /// The new value.
        value: Scalar<'e>,
    },
    /// Change the title in the document's first heading.
    Title(&'e str),
    /// Replace what a section holds. A missing section is made in its place.
    Replace {
        /// Its name.
        section: &'e str,
        /// Markdown.
        text: &'e str,
    },
    /// Add to what a section holds. A missing section is made in its place.
    Append {
        /// Its name.
        section: &'e str,
        /// Markdown.
        text: &'e str,
    },
    /// Tick an item or remove its tick.
    Check {
        /// Index into the items of the body.
        item: usize,
        /// Ticked or not.
        done: bool,
    },
    /// Add an open item with a checkbox at the end of what a wave holds.
    AddItem {
        /// Index of the wave's heading.
        heading: usize,
        /// One line.
        text: &'e str,
    },
    /// Remove an item with all that is nested in it. A section that held nothing else says `None.`
    /// then.
    RemoveItem {
        /// Index into the items of the body.
        item: usize,
    },
    /// Change the state in the heading of a wave.
    Wave {
        /// Index of the heading.
        heading: usize,
        /// The new state.
        state: WaveState,
    },
    /// Add an entry at the end of the log.
    Log {
        /// When; written in UTC, to the minute.
        at: Timestamp,
        /// Who.
        agent: &'e str,
        /// Did what.
        action: &'e str,
        /// Markdown.
        text: &'e str,
    },
}

/// Why an edit was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditError {
    /// What is in the way.
    pub message: String,
    /// Where it is.
    pub offset: Option<usize>,
    /// What to do about it.
    pub help: String,
}

impl EditError {
    fn unclosed(unclosed: Unclosed) -> Self {
        Self {
            message: format!(
                "the {} opened here is never closed and swallows the rest of the file",
                unclosed.describe()
            ),
            offset: Some(unclosed.span().start),
            help: "close it, then run the command again".into(),
        }
    }
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EditError {}

fn refused<T>(
    message: impl Into<String>,
    offset: Option<usize>,
    help: impl Into<String>,
) -> Result<T, EditError> {
    Err(EditError {
        message: message.into(),
        offset,
        help: help.into(),
    })
}

/// New text for a span.
pub type Splice = (Span, String);

impl Document<'_> {
    /// Applies edits one after the other and returns the bytes of the new document.
    ///
    /// # Errors
    ///
    /// When an edit cannot be made without guessing, or when more than the named part would
    /// change. Offsets in the error are into the document as the earlier edits left it.
    pub fn apply(&self, edits: &[Edit]) -> Result<Vec<u8>, EditError> {
        let Some((edit, rest)) = edits.split_first() else {
            return Ok(self.source().bytes().to_vec());
        };
        let Some((span, new)) = self.splice(edit)? else {
            return self.apply(rest);
        };
        let source = Source::new(patch::spliced(self.source().bytes(), &[(span, new)]));
        let after = Document::parse(&source);
        self.verify(&after, edit)?;
        if rest.is_empty() {
            drop(after);
            return Ok(source.into_bytes());
        }
        after.apply(rest)
    }

    /// The splice that makes an edit; `None` if the document already says so.
    ///
    /// # Errors
    ///
    /// When the edit cannot be made without guessing.
    pub fn splice(&self, edit: &Edit) -> Result<Option<Splice>, EditError> {
        // Where the frontmatter has no certain end, neither has the body a certain beginning.
        if self.frontmatter.fences != Fences::Missing {
            self.editable()?;
        }
        match *edit {
            Edit::Set { path, value } => self.set(path, value).map(Some),
            Edit::Remove { path } => self.remove(path),
            Edit::Include { path, text } => self.include(path, text),
            Edit::AddAgent(agent) => self.add_agent(&agent).map(Some),
            Edit::SetAgent { at, key, value } => self.set_agent(at, key, value).map(Some),
            Edit::Title(title) => self.retitle(title).map(Some),
            Edit::Replace { section, text } => self.fill(section, text, false),
            Edit::Append { section, text } => self.fill(section, text, true),
            Edit::Check { item, done } => self.check(item, done),
            Edit::AddItem { heading, text } => self.add_item(heading, text).map(Some),
            Edit::RemoveItem { item } => self.remove_item(item).map(Some),
            Edit::Wave { heading, state } => self.set_wave(heading, state),
            Edit::Log {
                at,
                agent,
                action,
                text,
            } => self.fill_log(at, agent, action, text),
        }
    }
}

const AGENTS: &[&str] = &["orchestration", "spawned_agents"];

/// The heading of a log entry, without its `###`.
fn log_heading(at: Timestamp, agent: &str, action: &str) -> String {
    format!("{} - {agent}/{action}", format_minute(at))
}
