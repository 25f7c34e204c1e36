//! What can be done with sessions.
//!
//! An operation is a function from a store and a request to an outcome: it plans without a lock,
//! has its effects, and applies under the lock, where it checks again what it planned on. It never
//! prints, and it reads neither the clock nor the environment: both are part of the request. So
//! the command line, hooks and editors all do the same thing.

pub mod adopt;
pub mod assignment;
pub mod blockers;
mod blocks;
pub mod brief;
pub mod close;
mod configure;
pub mod conversation;
pub mod copies;
pub mod decide;
pub mod digest;
pub mod doctor;
pub mod done;
mod dropped;
pub mod edit;
pub mod fix;
pub mod handoff;
pub mod init;
mod issue;
pub mod link;
pub mod list;
pub mod log;
pub mod new;
pub mod new_wave;
pub mod pause;
pub mod planning;
pub mod queue;
pub mod restore;
pub mod resume;
pub mod role;
pub mod runs;
pub mod set;
pub mod since;
pub mod source;
pub mod spawned;
mod steps;
pub mod task;
pub mod template;
pub mod trust;
pub mod use_session;
mod write;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use serde::Serialize;

pub use issue::Issue;

use crate::document::schema::{SECTIONS, folded_name};
use crate::document::secrets::{Kind, redact};
use crate::document::time::{Timestamp, format_rfc3339};
use crate::document::{Document, Edit, EditError, Progress, Scalar};
pub use crate::document::{slug_of, stem_of};
use crate::error::{Error, Result};
use crate::store::Store;

/// What every write answers.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Written {
    /// The session's file name.
    pub session: String,
    /// Its short name: the slug, or the whole stem where there is none.
    pub slug: String,
    /// When it was written, RFC 3339.
    pub at: String,
    /// Ticked items of all.
    pub progress: Progress,
    /// Sections that were made and that the format does not know.
    pub new_sections: Vec<String>,
    /// Kinds of secrets that were replaced.
    pub redacted: Vec<Kind>,
    /// Open steps, one line each, that stay in Next Steps though new ones were given.
    pub kept_steps: Vec<String>,
    /// Items that were ticked, one line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ticked: Vec<String>,
    /// Items that were to be ticked and were so before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub already_ticked: Vec<String>,
    /// Sections that were replaced and of which the log keeps what they no longer say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped_from: Vec<String>,
    /// The open item that the current task became, in place of one that was ticked or dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_task: Option<String>,
    /// What lint calls an error now that the status has changed, and did not before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The planning session that was left for this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<planning::Left>,
}

impl Written {
    fn new(
        name: &str,
        now: Timestamp,
        before: &Document,
        document: &Document,
        guard: &Guard,
    ) -> Self {
        let were = before.body.sections.iter();
        let were = were.map(|section| folded_name(before.body.name(section)));
        let known = SECTIONS.iter().map(|name| folded_name(name));
        let known: HashSet<String> = known.chain(were).collect();
        let own = document.body.sections.iter().filter_map(|section| {
            let name = document.body.name(section);
            (!known.contains(&folded_name(name))).then(|| name.to_owned())
        });
        Self {
            session: name.to_owned(),
            slug: slug_of(name).to_owned(),
            at: format_rfc3339(now),
            progress: document.progress(),
            new_sections: own.collect(),
            redacted: guard.found.borrow().iter().copied().collect(),
            kept_steps: Vec::new(),
            ticked: Vec::new(),
            already_ticked: Vec::new(),
            dropped_from: Vec::new(),
            current_task: None,
            warnings: Vec::new(),
            left: None,
        }
    }
}

/// A number with its noun, such as `1 file` or `2 files`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// The value for `last_updated`: now, unless the file already says later.
fn updated(document: &Document, now: Timestamp) -> String {
    let last = document.frontmatter.last_updated();
    format_rfc3339(last.map_or(now, |last| last.at.max(now)))
}

/// Keeps secrets out of what is written, unless they are allowed.
#[derive(Debug, Default)]
struct Guard {
    allowed: bool,
    found: RefCell<BTreeSet<Kind>>,
}

impl Guard {
    fn new(allowed: bool) -> Self {
        Self {
            allowed,
            found: RefCell::default(),
        }
    }

    /// The text with `[redacted:KIND]` in place of each secret.
    fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.allowed {
            return text.into();
        }
        let (text, kinds) = redact(text);
        self.found.borrow_mut().extend(kinds);
        text
    }
}

/// Applies edits, secrets in their texts replaced, and says where one failed.
fn apply(
    store: &Store,
    name: &str,
    document: &Document,
    edits: &[Edit],
    guard: &Guard,
) -> Result<Vec<u8>> {
    let texts: Vec<Cow<str>> = edits.iter().map(|edit| guard.text(text_of(edit))).collect();
    let edits = edits.iter().zip(&texts);
    let edits: Vec<Edit> = edits.map(|(edit, text)| with_text(*edit, text)).collect();
    document.apply(&edits).map_err(|error: EditError| {
        let position = error.offset.map(|offset| document.position(offset));
        Error::usage(error.message)
            .at(&store.shown(&store.path(name)), position)
            .hint(error.help)
    })
}

/// The text that an edit puts into the document.
fn text_of<'e>(edit: &Edit<'e>) -> &'e str {
    match *edit {
        Edit::Set {
            value: Scalar::Text(text),
            ..
        }
        | Edit::SetAgent {
            value: Scalar::Text(text),
            ..
        }
        | Edit::Title(text)
        | Edit::Include { text, .. }
        | Edit::Replace { text, .. }
        | Edit::Append { text, .. }
        | Edit::AddItem { text, .. }
        | Edit::Log { text, .. } => text,
        _ => "",
    }
}

/// The same edit with another text.
fn with_text<'e>(edit: Edit<'e>, text: &'e str) -> Edit<'e> {
    match edit {
        Edit::Set {
            path,
            value: Scalar::Text(_),
        } => Edit::Set {
            path,
            value: Scalar::Text(text),
        },
        Edit::SetAgent {
            at,
            key,
            value: Scalar::Text(_),
        } => Edit::SetAgent {
            at,
            key,
            value: Scalar::Text(text),
        },
        Edit::Title(_) => Edit::Title(text),
        Edit::Include { path, .. } => Edit::Include { path, text },
        Edit::Replace { section, .. } => Edit::Replace { section, text },
        Edit::Append { section, .. } => Edit::Append { section, text },
        Edit::AddItem { heading, .. } => Edit::AddItem { heading, text },
        Edit::Log {
            at, agent, action, ..
        } => Edit::Log {
            at,
            agent,
            action,
            text,
        },
        _ => edit,
    }
}
