//! What replacing a section takes out of it, and the log keeps.
//!
//! Whoever writes a section anew need not have known all that it said, and the file is the only
//! place where that is. So every block of the old text, that is, an item with all that is nested in
//! it, a heading, or what stands between them, is kept as a whole unless the new text says each of
//! its lines. Current State is the exception: it says where things stand now, and the log already
//! tells how they got there.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::steps::bare;
use super::write::Revision;
use crate::document::schema::{CURRENT_STATE, SESSION_LOG, same_name};
use crate::document::{
    Body, Document, Edit, Fill, Section, Span, Verbatim, insert, is_none, is_placeholder,
    line_start, next_line, unmarked,
};

/// What goes.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    /// For the entry, in Markdown.
    pub text: String,
    /// The sections that lose more than what is done.
    pub sections: Vec<String>,
}

impl Dropped {
    /// What these edits take out of the document.
    pub fn new(revision: &Revision, edits: &[Edit]) -> Self {
        let document = revision.document;
        let mut dropped = Self::default();
        for edit in edits {
            let Edit::Replace { section, text } = edit else {
                continue;
            };
            let Some((index, found)) = document.body.section(section) else {
                continue;
            };
            if same_name(section, CURRENT_STATE) || found.fill != Fill::Filled {
                continue;
            }
            let blocks = unsaid(revision, index, found, &said(revision, text), edits);
            if blocks.is_empty() {
                continue;
            }
            let name = document.body.name(found);
            if blocks.iter().any(|block| !block.is_done) {
                dropped.sections.push(name.to_owned());
            }
            if !dropped.text.is_empty() {
                dropped.text += "\n\n";
            }
            let _ = write!(dropped.text, "No longer in {name}:");
            let mut in_list = false;
            for block in blocks {
                dropped.text += if in_list && block.is_item {
                    "\n"
                } else {
                    "\n\n"
                };
                dropped.text += &excerpt(document, block.span, edits);
                in_list = block.is_item;
            }
        }
        dropped
    }
}

/// A part of a section.
#[derive(Debug, Clone, Copy)]
struct Block {
    span: Span,
    is_item: bool,
    is_heading: bool,
    /// An item that is ticked, or is being.
    is_done: bool,
}

/// The blocks of a section of which a line is not among `said`, and the headings above them. What
/// is done and the log tells of is said, too.
fn unsaid(
    revision: &Revision,
    index: usize,
    section: &Section,
    said: &BTreeSet<String>,
    edits: &[Edit],
) -> Vec<Block> {
    let document = revision.document;
    let log = document.body.section(SESSION_LOG);
    let log = log.map(|(_, log)| log.body.of(document.text).lines());
    let told: BTreeSet<_> = log.into_iter().flatten().map(words).collect();
    let is_said = |block: &Block| {
        let has = |line: &str| said.contains(line) || block.is_done && told.contains(line);
        lines(document, block.span).all(|line| {
            let text = line.of(document.text);
            let words = words(text);
            let is_nothing = is_placeholder(text).is_some()
                || is_none(&words) && !words.starts_with("~~")
                || !words.contains(char::is_alphanumeric)
                || is_comment(document, line);
            let items = &document.body.items;
            let before = items.partition_point(|item| item.text.start < line.end);
            let item = before.checked_sub(1).and_then(|last| items.get(last));
            let item = item.filter(|item| line.start < item.text.end);
            is_nothing
                || has(&words)
                // An item may be given on one line that has several here.
                || item.is_some_and(|item| has(&insert::line(item.text.of(document.text))))
        })
    };
    let mut kept = Vec::new();
    let mut heading = None;
    for block in blocks(document, index, section, edits) {
        if block.is_heading {
            heading = Some(block);
        }
        if !is_said(&block) {
            kept.extend(heading.take().filter(|_| !block.is_heading));
            kept.push(block);
            if block.is_heading {
                heading = None;
            }
        }
    }
    kept
}

/// The blocks of a section, in order.
fn blocks(document: &Document, index: usize, section: &Section, edits: &[Edit]) -> Vec<Block> {
    let (text, body) = (document.text, &document.body);
    let ticks = edits.iter().filter_map(|edit| match edit {
        Edit::Check { item, done: true } => Some(*item),
        _ => None,
    });
    let ticks: BTreeSet<_> = ticks.collect();
    let items = body.items.iter().enumerate();
    let items = items.filter(|(_, item)| item.section == Some(index) && item.depth == 1);
    let items = items.map(|(at, item)| Block {
        span: item.extent(text),
        is_item: true,
        is_heading: false,
        is_done: matches!(item.checkbox, Some((_, true))) || ticks.contains(&at),
    });
    let headings = body.headings.iter();
    let headings = headings.filter(|heading| section.body.contains(heading.span));
    let headings = headings.map(|heading| Block {
        span: heading.span,
        is_item: false,
        is_heading: true,
        is_done: false,
    });
    let mut structure: Vec<_> = items.chain(headings).collect();
    structure.sort_by_key(|block| block.span.start);
    let mut blocks = Vec::new();
    let mut end = section.body.start;
    let prose = |start: usize, end: usize| Block {
        span: Span::new(start, end.max(start)),
        is_item: false,
        is_heading: false,
        is_done: false,
    };
    for block in structure {
        blocks.push(prose(end, line_start(text, block.span.start)));
        blocks.push(block);
        end = block.span.end;
    }
    blocks.push(prose(end, section.body.end));
    blocks.retain(|block| !block.span.of(text).trim().is_empty());
    blocks
}

/// The lines that a text has, and its items on one line each, with and without their ids.
fn said(revision: &Revision, text: &str) -> BTreeSet<String> {
    let body = Body::parse(text, Span::new(0, text.len()));
    let items = body.items.iter().map(|item| item.text.of(text));
    let items = items.flat_map(|item| [insert::line(item), bare(item, revision.id(item))]);
    text.lines().map(words).chain(items).collect()
}

/// A line without what makes an item or a heading of it or keeps it from being one, and without
/// the state of a wave and what `done` puts before the words of an item.
fn words(line: &str) -> String {
    let line = line.trim();
    let line = line.strip_prefix('\\').unwrap_or(line);
    let heading = line.trim_start_matches('#');
    let words = if heading.len() < line.len() && heading.starts_with(' ') {
        let state = heading.rfind(" (").filter(|_| heading.ends_with(')'));
        let words = state.and_then(|state| heading.get(..state));
        words
            .filter(|words| words.trim_start().starts_with("Wave "))
            .unwrap_or(heading)
    } else {
        unmarked(line)
    };
    insert::line(words.strip_prefix("Done: ").unwrap_or(words))
}

fn lines<'d>(document: &'d Document, span: Span) -> impl Iterator<Item = Span> + 'd {
    let mut at = span.start;
    std::iter::from_fn(move || {
        let line = Span::new(at, next_line(document.text, at).min(span.end));
        at = line.end;
        (!line.is_empty()).then_some(line)
    })
}

/// Whether a line is one of a comment, as templates have them.
fn is_comment(document: &Document, line: Span) -> bool {
    let text = line.of(document.text);
    let start = line.start + (text.len() - text.trim_start().len());
    let verbatim = &document.body.verbatim;
    let before = verbatim.partition_point(|(span, _)| span.start <= start);
    let last = before.checked_sub(1).and_then(|last| verbatim.get(last));
    last.is_some_and(|(span, kind)| {
        *kind == Verbatim::Html
            && start < span.end
            && span.of(document.text).trim_start().starts_with("<!--")
    })
}

/// A part of a document as a text of its own: not indented, with the boxes ticked that `edits`
/// tick, and with its headings one level deeper, where they head no section or entry.
pub(super) fn excerpt(document: &Document, span: Span, edits: &[Edit]) -> String {
    let (text, body) = (document.text, &document.body);
    let ticks = edits.iter().filter_map(|edit| match edit {
        Edit::Check { item, done: true } => Some((body.items.get(*item)?.checkbox?.0, "[x]")),
        _ => None,
    });
    let first = body
        .headings
        .partition_point(|heading| heading.span.start < span.start);
    let headings = body.headings.iter().skip(first);
    let headings = headings.take_while(|heading| heading.span.start < span.end);
    let headings = headings.filter(|heading| (3..6).contains(&heading.level));
    let deeper = headings.map(|heading| (Span::at(heading.span.start), "#"));
    let mut changes: Vec<_> = ticks.chain(deeper).collect();
    changes.retain(|(at, _)| span.contains(*at));
    changes.sort_by_key(|(at, _)| at.start);
    let mut result = String::new();
    let mut at = span.start;
    for (change, new) in changes {
        result += Span::new(at, change.start).of(text);
        result += new;
        at = change.end;
    }
    result += Span::new(at, span.end).of(text);
    let indent = span.start - line_start(text, span.start);
    let lines = result.lines().map(|line| {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        line.get(blank.min(indent)..).unwrap_or(line)
    });
    let lines: Vec<_> = lines.collect();
    lines.join("\n").trim_matches('\n').to_owned()
}
