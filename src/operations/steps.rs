//! New Next Steps, below which those stay that are still to be done.

use std::collections::BTreeSet;

use super::done::Ticks;
use super::write::Revision;
use crate::document::schema::NEXT_STEPS;
use crate::document::{Body, Item, Span, insert, is_none, is_placeholder, line_start};

/// What takes the place of Next Steps.
#[derive(Debug)]
pub(super) struct Steps {
    /// The section, in Markdown.
    pub text: String,
    /// The open steps that nobody named and that stay, one line each.
    pub kept: Vec<String>,
    /// What the log says of those that go, where they were not to stay.
    dropped: Option<String>,
}

impl Steps {
    /// Puts `given`, in Markdown, in place of the old steps. An open one that is not among it, by
    /// its text or id, stays below it: whoever wrote `given` need not have known of it. With
    /// `replace` the log keeps its words instead.
    pub fn new(revision: &Revision, given: &str, ticks: &Ticks, replace: bool) -> Self {
        let document = revision.document;
        // An open fence would take what stays for code.
        let mut text = insert::block(given, 3);
        let body = Body::parse(&text, Span::new(0, text.len()));
        let new = body.items.iter().map(|item| item.text.of(&text));
        let new: Vec<_> = new.map(|words| (revision.id(words), words)).collect();
        let ids: BTreeSet<_> = new.iter().filter_map(|(id, _)| *id).collect();
        let words_of = |&(id, words): &(Option<&str>, &str)| (id.is_some(), bare(words, id));
        let texts: BTreeSet<_> = new.iter().map(words_of).collect();
        let named = |old: &str| {
            let id = revision.id(old);
            let words = bare(old, id);
            // With ids of their own, they are two though they say the same.
            id.is_some_and(|id| ids.contains(id))
                || id.is_none() && texts.contains(&(true, words.clone()))
                || texts.contains(&(false, words))
        };
        let (mut lines, mut others) = (Vec::new(), Vec::new());
        let mut end = 0;
        for (index, item) in document.open_items(NEXT_STEPS) {
            let old = item.text.of(document.text);
            let own = item.span.start >= end && !ticks.has(index);
            if own && !named(old) && is_placeholder(old).is_none() {
                end = item.span.end;
                lines.push(insert::line(old));
                others.push(extract(revision, index, item, ticks));
            }
        }
        let others = others.join("\n");
        if replace || others.is_empty() {
            let dropped = (!others.is_empty()).then(|| format!("No longer next:\n\n{others}"));
            return Self {
                text,
                kept: Vec::new(),
                dropped,
            };
        }
        let in_list = body.items.last().is_some_and(|item| {
            let end = item.extent(&text).end;
            end == text.len()
        });
        if is_none(&text) {
            text = others;
        } else {
            text = format!("{text}{}{others}", if in_list { "\n" } else { "\n\n" });
        }
        Self {
            text,
            kept: lines,
            dropped: None,
        }
    }

    /// An entry of the log, and below it the words that it has to keep.
    pub fn told(&self, entry: &str) -> String {
        let parts = [Some(entry), self.dropped.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    }
}

/// The words of an item, on one line, without the id before them.
fn bare(text: &str, id: Option<&str>) -> String {
    let words = id.and_then(|_| text.split_once(" - "));
    insert::line(words.map_or(text, |(_, words)| words))
}

/// An item and what is nested in it, as an outermost one, with the boxes that are being ticked.
fn extract(revision: &Revision, index: usize, item: &Item, ticks: &Ticks) -> String {
    let document = revision.document;
    let extent = item.extent(document.text);
    let indent = extent.start - line_start(document.text, extent.start);
    let mut text = String::new();
    let mut at = extent.start;
    let below = document.body.items.iter().enumerate().skip(index);
    for (index, nested) in below.take_while(|(_, below)| below.span.start < extent.end) {
        if let Some((mark, _)) = nested.checkbox
            && ticks.has(index)
        {
            text += Span::new(at, mark.start).of(document.text);
            text += "[x]";
            at = mark.end;
        }
    }
    text += Span::new(at, extent.end).of(document.text);
    let lines = text.lines().map(|line| {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        line.get(blank.min(indent)..).unwrap_or(line)
    });
    lines.collect::<Vec<_>>().join("\n")
}
