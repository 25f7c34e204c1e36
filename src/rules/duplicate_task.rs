use std::collections::HashMap;

use super::context::{Context, Findings, shown};
use super::rule::declare;
use crate::document::schema::EXECUTION_PROGRESS;
use crate::document::{Span, issue_id};

declare! {
    /// Two items of Execution Progress bear the same id.
    ///
    /// ## What it checks
    ///
    /// The id of an item is what stands before its first ` - `, if that looks like `ABC-12`,
    /// `#12` or `owner/repo#12` or matches one of the configured patterns. No two items have the
    /// same one. A nested item without a box is a remark and does not count.
    ///
    /// ## Why
    ///
    /// Items are ticked by their id. One of the two stays open, or the wrong one is ticked.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// - [x] PLAT-479 - Outbox table
    /// - [ ] PLAT-479 - Worker with leases
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// - [x] PLAT-479 - Outbox table
    /// - [ ] PLAT-480 - Worker with leases
    /// ```
    "AS405", "duplicate-task", Progress, Warning, check
}

/// Up to so many ids are compared one by one, without a table.
const FEW: usize = 32;

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let text = cx.document.text;
    let items = cx.document.body.items_in(EXECUTION_PROGRESS);
    let ids: Vec<(&str, Span)> = items
        .filter(|(_, item)| item.checkbox.is_some() || item.depth == 1)
        .filter_map(|(_, item)| {
            let words = item.text.of(text);
            let id = issue_id(words, |token| cx.config.items.is_id(token))?;
            let blanks = words.len() - words.trim_start().len();
            let start = item.text.start + blanks;
            Some((id, Span::new(start, start + id.len())))
        })
        .collect();
    let mut report = |id: &str, span: Span, first: Span| {
        let line = cx.document.position(first.start).0;
        found.report(
            span,
            format!("the item `{}` is already there, on line {line}", shown(id)),
            "give each item an id of its own, or remove one of them",
        );
    };
    if ids.len() <= FEW {
        for (index, &(id, span)) in ids.iter().enumerate() {
            let mut before = ids.iter().take(index);
            if let Some((_, first)) = before.find(|(other, _)| *other == id) {
                report(id, span, *first);
            }
        }
        return;
    }
    let mut seen = HashMap::new();
    for (id, span) in ids {
        let first = *seen.entry(id).or_insert(span);
        if first != span {
            report(id, span, first);
        }
    }
}
