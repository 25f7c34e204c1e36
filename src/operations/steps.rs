//! New Next Steps, below which those stay that are still to be done.

use std::collections::BTreeSet;

use super::done::Ticks;
use super::dropped::excerpt;
use super::write::Revision;
use crate::document::schema::NEXT_STEPS;
use crate::document::{Body, Span, insert, is_none, is_placeholder};

/// What takes the place of Next Steps.
#[derive(Debug)]
pub(super) struct Steps {
    /// The section, in Markdown.
    pub text: String,
    /// The open steps that nobody named and that stay, one line each.
    pub kept: Vec<String>,
}

impl Steps {
    /// Puts `given`, in Markdown, in place of the old steps. An open one that is not among it, by
    /// its text or id, stays below it: whoever wrote `given` need not have known of it. With
    /// `replace` it goes, as everything does that another section no longer says.
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
        let ticked = ticks.edits();
        let (mut lines, mut others) = (Vec::new(), Vec::new());
        let mut end = 0;
        for (index, item) in document.open_items(NEXT_STEPS) {
            let old = item.text.of(document.text);
            let own = item.span.start >= end && !ticks.has(index);
            if own && !named(old) && is_placeholder(old).is_none() {
                end = item.span.end;
                lines.push(insert::line(old));
                others.push(excerpt(document, item.extent(document.text), &ticked));
            }
        }
        let others = others.join("\n");
        if replace || others.is_empty() {
            let kept = Vec::new();
            return Self { text, kept };
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
        Self { text, kept: lines }
    }
}

/// The words of an item, on one line, without the id before them.
pub(super) fn bare(text: &str, id: Option<&str>) -> String {
    let words = id.and_then(|_| text.split_once(" - "));
    insert::line(words.map_or(text, |(_, words)| words))
}
