use super::context::{Context, Findings, Safety, shown};
use super::rule::declare;
use crate::document::yaml::{Kind, Node};
use crate::document::{Span, Splice, line_start, next_line};

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
    if !cx.has_frontmatter() {
        return;
    }
    for &key in &cx.document.frontmatter.duplicates {
        found.report(
            key,
            format!(
                "the key `{}` is given more than once",
                shown(key.of(cx.document.text))
            ),
            "keep the line that holds and remove the other: readers disagree on which one counts",
        );
        let root = cx.document.frontmatter.root.as_ref();
        let again = root.and_then(|root| removed(cx.document.text, root, key));
        found.fix(Safety::Safe, again);
    }
}

/// The line of a key, if it says nothing that the first one of that name does not say.
fn removed(text: &str, node: &Node<'_>, key: Span) -> Option<Splice> {
    let entries = match &node.kind {
        Kind::Map { entries, .. } => entries,
        Kind::Seq { items, .. } => {
            return items.iter().find_map(|item| removed(text, item, key));
        }
        Kind::Scalar { .. } | Kind::Alias => return None,
    };
    let Some(again) = entries.iter().find(|entry| entry.key.span == key) else {
        let mut values = entries.iter().map(|entry| &entry.value);
        return values.find_map(|value| removed(text, value, key));
    };
    let first = entries
        .iter()
        .find(|entry| entry.key.text() == again.key.text())?;
    let value = again.value.span.of(text);
    let line = Span::new(line_start(text, key.start), next_line(text, key.end));
    let before = Span::new(line.start, key.start).of(text);
    let after = Span::new(key.end, line.end).of(text).trim_start();
    let whole = before.bytes().all(|byte| byte == b' ')
        && after
            .strip_prefix(':')
            .is_some_and(|after| after.trim() == value)
        && matches!(node.kind, Kind::Map { flow: false, .. });
    let decorated = again.key.decorated || again.value.decorated || first.value.decorated;
    let same = first.value.same(&again.value) && first.value.span.of(text) == value;
    (whole && same && !decorated).then(|| (line, String::new()))
}
