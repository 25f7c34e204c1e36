use std::collections::HashMap;

use super::context::{Context, Findings, Safety, shown};
use super::rule::declare;
use crate::document::yaml::{Entry, Kind, Node};
use crate::document::{Span, line_start, next_line};

declare! {
    /// A key is given twice.
    ///
    /// ## What it checks
    ///
    /// No map in the frontmatter has the same key more than once.
    ///
    /// ## Why
    ///
    /// Some readers take the first value, some the last, some refuse the file. It is also what a
    /// careless merge leaves behind.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   status: in_progress
    ///   status: paused
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   status: paused
    /// ```
    ///
    /// ## Fix
    ///
    /// The second of two lines that say the same is removed: safe. Which of two values holds is for
    /// somebody to decide.
    "AS104", "duplicate-key", Frontmatter, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let text = cx.document.text;
    let frontmatter = &cx.document.frontmatter;
    if !cx.has_frontmatter() || frontmatter.duplicates.is_empty() {
        return;
    }
    let mut removed = HashMap::new();
    if let Some(root) = &frontmatter.root {
        removals(text, root, &mut removed);
    }
    for &key in &frontmatter.duplicates {
        found.report(
            key,
            format!("the key `{}` is given more than once", shown(key.of(text))),
            "keep the line that holds and remove the other: readers disagree on which one counts",
        );
        let again = removed.remove(&key);
        found.fix(Safety::Safe, again.map(|line| (line, String::new())));
    }
}

/// Finds the lines that say nothing which the first key of the same name does not say, by the key.
fn removals(text: &str, node: &Node<'_>, found: &mut HashMap<Span, Span>) {
    match &node.kind {
        Kind::Map { entries, flow } => {
            let mut first = HashMap::new();
            for entry in entries {
                removals(text, &entry.value, found);
                let Some(name) = entry.key.text() else {
                    continue;
                };
                let first = *first.entry(name).or_insert(entry);
                let again = first.key.span != entry.key.span && !flow;
                if let Some(line) = again.then(|| removable(text, first, entry)).flatten() {
                    found.insert(entry.key.span, line);
                }
            }
        }
        Kind::Seq { items, .. } => items.iter().for_each(|item| removals(text, item, found)),
        Kind::Scalar { .. } | Kind::Alias => {}
    }
}

/// The line of an entry, if it says nothing that the first one does not say.
fn removable(text: &str, first: &Entry<'_>, again: &Entry<'_>) -> Option<Span> {
    let key = again.key.span;
    let value = again.value.span.of(text);
    let line = Span::new(line_start(text, key.start), next_line(text, key.end));
    let before = Span::new(line.start, key.start).of(text);
    let after = Span::new(key.end, line.end).of(text).trim_start();
    let whole = before.bytes().all(|byte| byte == b' ')
        && after
            .strip_prefix(':')
            .is_some_and(|after| after.trim() == value);
    let decorated = again.key.decorated || again.value.decorated || first.value.decorated;
    let same = first.value.same(&again.value) && first.value.span.of(text) == value;
    (whole && same && !decorated).then_some(line)
}
