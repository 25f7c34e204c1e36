//! Markdown from standard input: leading text, then `## Name` blocks that replace a section and
//! `## Name +` blocks that add to it.

use crate::document::schema::{SESSION_LOG, same_name};
use crate::document::{Body, Edit, Span};
use crate::error::{Error, Result};

/// The parts of the input.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// The text of a heading of level 1 at the very top, without a leading `Session:`.
    pub title: Option<String>,
    /// What stands before the first block.
    pub lead: String,
    /// The blocks, in order.
    pub sections: Vec<Block>,
}

/// A `##` block.
#[derive(Debug)]
pub(super) struct Block {
    name: String,
    append: bool,
    text: String,
}

impl Blocks {
    /// Takes the input apart. With `titled`, a heading of level 1 that comes first is the title;
    /// otherwise it is text.
    pub fn parse(text: &str, titled: bool) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let body = Body::parse(text, Span::new(0, text.len()));
        let first = body.sections.first().and_then(|first| body.heading(first));
        let mut lead = Span::new(0, first.map_or(text.len(), |heading| heading.span.start));
        let mut title = None;
        let heading = body.title().filter(|heading| {
            titled && Span::new(0, heading.span.start).of(text).trim().is_empty()
        });
        if let Some(heading) = heading {
            let own = heading.text_span.of(text);
            let own = own.strip_prefix("Session:").unwrap_or(own).trim();
            title = Some(own.to_owned());
            lead.start = heading.span.end;
        }
        let mut sections = Vec::new();
        for section in &body.sections {
            let name = body.name(section).trim();
            let (name, append) = match name.strip_suffix('+') {
                Some(name) => (name.trim_end(), true),
                None => (name, false),
            };
            if name.is_empty() {
                return Err(Error::usage("a `##` block in the input has no name")
                    .hint("write `## Current State` or another section's name"));
            }
            if same_name(name, SESSION_LOG) {
                return Err(Error::usage(
                    "the log takes no block; it gets its entries one at a time",
                )
                .hint("put the entry before the first `##` block"));
            }
            // Up to the next block, with all that a stored section would not count as its own.
            sections.push(Block {
                name: name.to_owned(),
                append,
                text: section.content.of(text).to_owned(),
            });
        }
        Ok(Self {
            title,
            lead: lead.of(text).trim().to_owned(),
            sections,
        })
    }

    /// The edits that put the blocks where they belong. An empty block changes nothing.
    pub fn edits(&self) -> impl Iterator<Item = Edit<'_>> {
        let filled = self.sections.iter().filter(|b| !b.text.trim().is_empty());
        filled.map(|block| {
            let (section, text) = (block.name.as_str(), block.text.as_str());
            if block.append {
                Edit::Append { section, text }
            } else {
                Edit::Replace { section, text }
            }
        })
    }

    /// The names of the blocks.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|block| block.name.as_str())
    }

    /// Whether a block replaces or adds to this section.
    pub fn touches(&self, section: &str) -> bool {
        self.sections
            .iter()
            .any(|block| same_name(&block.name, section))
    }
}
