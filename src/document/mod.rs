//! One session as text: its frontmatter, sections, items and log as spans, and the edits that
//! change nothing else. Nothing here knows a path or touches a disk.
//!
//! Parsing never fails. Broken parts are reported as what they are (a syntax error with its
//! offset, a missing fence) and the rest is still there: a file with invalid YAML has sections, a
//! file without frontmatter has a log.
//!
//! [`Document::apply`] and, for a text that is not a session yet, [`Document::rewrite`] are the only
//! things in this crate that make session bytes.

use std::cell::OnceCell;

mod body;
mod conflict;
mod decisions;
mod edit;
mod frontmatter;
mod handoff;
pub mod insert;
mod name;
mod planning;
mod positions;
pub mod record;
pub mod schema;
pub mod secrets;
mod source;
mod span;
mod state;
mod statements;
pub mod time;
mod waves;
pub mod yaml;

pub use body::{
    Body, Fill, Heading, Item, LogEntry, Section, Stamp, Unclosed, Verbatim, is_token,
    link_targets, prose,
};
pub(crate) use conflict::is_in_conflict;
pub use decisions::Decision;
pub use edit::{Agent, Edit, EditError, Rewrite, Scalar, Splice, heading_text, quoted};
pub use frontmatter::{FRONTMATTER_LIMIT, Fences, Frontmatter};
pub use handoff::Handoff;
pub use name::{SLUG_LIMIT, SessionName, file_name, is_slug, slug_of, slugify, stem_of};
pub use planning::{Backlog, Planning};
use positions::Marks;
pub use positions::{Place, Positions};
pub use record::Record;
pub use schema::Status;
pub use source::Source;
pub(crate) use span::find_unusual;
pub use span::{Span, line_column, line_start, next_line};
pub use state::{
    Progress, filed_id, is_none, is_placeholder, issue_id, item_words, named_path, sha256,
    state_hash, unmarked,
};
pub use statements::Statement;
pub use waves::{Wave, WaveDefect, WaveState, is_wave};

/// Whether what is usual is read without the parsers of record, whose equals in everything but
/// speed `yaml/plain.rs` and `body/plain.rs` have to be.
const FAST_TIER: bool = cfg!(feature = "fast-tier");

/// A parsed session.
#[derive(Debug)]
pub struct Document<'a> {
    source: &'a Source,
    /// The text; invalid bytes appear as `?`, so that every offset is one of the file's.
    pub text: &'a str,
    /// The YAML at its head.
    pub frontmatter: Frontmatter<'a>,
    /// All that follows.
    pub body: Body<'a>,
    marks: OnceCell<Marks>,
}

impl<'a> Document<'a> {
    /// Parses a session.
    pub fn parse(source: &'a Source) -> Self {
        Self::parse_with(source, yaml::parse, Body::parse)
    }

    /// The same by the parsers of record alone, for those who check that it is the same.
    #[doc(hidden)]
    pub fn parse_fully(source: &'a Source) -> Self {
        Self::parse_with(source, yaml::parse_fully, Body::parse_fully)
    }

    fn parse_with(
        source: &'a Source,
        yaml: fn(&'a str, Span) -> yaml::Tree<'a>,
        markdown: fn(&'a str, Span) -> Body<'a>,
    ) -> Self {
        let text = source.text();
        let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let frontmatter = Frontmatter::parse_with(text, start, yaml);
        let body = markdown(text, Span::new(frontmatter.span.end, text.len()));
        Self {
            source,
            text,
            frontmatter,
            body,
            marks: OnceCell::new(),
        }
    }

    /// The bytes this was parsed from.
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// Why this cannot be relied on as a session, if so: what is asked for would not be found, or
    /// what is found may be less than was written.
    pub fn defect(&self) -> Option<&'static str> {
        let head = &self.frontmatter;
        match head.fences {
            Fences::Missing => return Some("there is no frontmatter"),
            Fences::Unclosed => return Some("the frontmatter has no end"),
            Fences::TooLong => return Some("the frontmatter is too long"),
            Fences::Closed => {}
        }
        let unclosed = self.body.unclosed.map(|unclosed| match unclosed {
            Unclosed::Fence(_) => "a code fence has no end",
            Unclosed::Comment(_) => "an HTML comment has no end",
            Unclosed::Html(_) => "an HTML block has no end",
        });
        [
            (head.error.is_some(), "the frontmatter is not valid YAML"),
            (head.title().is_none(), "there is no title"),
            (head.status().is_none(), "there is no valid status"),
            (
                head.last_updated().is_none(),
                "there is no valid last_updated",
            ),
        ]
        .into_iter()
        .find_map(|(is, defect)| is.then_some(defect))
        .or(unclosed)
    }

    /// The line break that text put into this document gets: the first one found, or `\n`.
    pub fn line_break(&self) -> &'static str {
        let end = next_line(self.text, 0);
        match self.text.get(..end) {
            Some(line) if line.ends_with("\r\n") => "\r\n",
            Some(line) if line.ends_with('\r') => "\r",
            _ => "\n",
        }
    }

    /// One-based line and column of an offset.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let marks = self.marks.get_or_init(|| Marks::new(self.text));
        marks.position(self.text, offset)
    }
}
