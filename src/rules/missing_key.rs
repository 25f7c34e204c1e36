use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::schema::{KEYS, Key, ValueType};
use crate::document::yaml::Entry;
use crate::document::{Fences, Span};

declare! {
    /// A required key is missing.
    ///
    /// ## What it checks
    ///
    /// The frontmatter has `session` with `title`, `status`, `created` and `last_updated`, and
    /// `orchestration` with `current_task`. When a whole map is missing, its keys are not reported
    /// one by one.
    ///
    /// ## Why
    ///
    /// Whoever takes over reads these first, and so do `list`, `show` and the hooks.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   title: "Weather fallback"
    ///   status: in_progress
    ///   created: "2025-12-04T14:30:00Z"
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   title: "Weather fallback"
    ///   status: in_progress
    ///   created: "2025-12-04T14:30:00Z"
    ///   last_updated: "2025-12-04T14:30:00Z"
    /// orchestration:
    ///   current_task: "Choose a second provider"
    /// ```
    "AS105", "missing-key", Frontmatter, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let frontmatter = &cx.document.frontmatter;
    if frontmatter.fences != Fences::Closed {
        return;
    }
    let fence = Span::new(frontmatter.span.start, frontmatter.span.start + 3);
    for key in KEYS.iter().filter(|key| key.required) {
        let Some((name, parents)) = key.path.split_last() else {
            continue;
        };
        // Without a parent the parent is what is missing; a parent that is no map, or was cut off
        // by a syntax error, says nothing about its keys.
        let (place, siblings) = match cx.entry(parents) {
            Some(parent) if parent.value.complete => match parent.value.entries() {
                Some(entries) => (parent.key.span, entries),
                None => continue,
            },
            None if parents.is_empty() => match &frontmatter.root {
                None if frontmatter.error.is_none() => (fence, &[][..]),
                Some(root) if root.complete && root.is_null() => (fence, &[][..]),
                Some(root) if root.complete => match root.entries() {
                    Some(entries) => (fence, entries),
                    None => continue,
                },
                _ => continue,
            },
            _ => continue,
        };
        if !siblings.iter().any(|entry| entry.key.text() == Some(name)) {
            let message = format!("the key `{}` is missing", key.path.join("."));
            found.report(place, message, help(cx, key, name, parents, siblings));
        }
    }
}

fn help(
    cx: &Context<'_>,
    key: &Key,
    name: &str,
    parents: &[&str],
    siblings: &[Entry<'_>],
) -> String {
    let plain = |text: &str| text.replace(['_', '-', ' '], "").to_ascii_lowercase();
    let is_known = |other: &str| {
        KEYS.iter()
            .any(|key| key.path.split_last() == Some((&other, parents)))
    };
    let similar = siblings
        .iter()
        .filter_map(|entry| entry.key.text())
        .find(|other| {
            !is_known(other)
                && (plain(other) == plain(name) || strsim::osa_distance(other, name) <= 2)
        });
    if let Some(similar) = similar {
        return format!("rename `{similar}` to `{name}`");
    }
    if let Some(parent) = parents.first()
        && cx.entry(&[name]).is_some()
    {
        return format!("move `{name}` into `{parent}:`");
    }
    if key.value == ValueType::Map {
        let top = cx.document.frontmatter.root.as_ref();
        let keys = KEYS
            .iter()
            .filter(|other| other.required && other.path.first() == Some(&name))
            .filter_map(|other| other.path.get(1).copied());
        let moved = keys
            .clone()
            .any(|key| top.is_some_and(|top| top.entry(key).is_some()));
        let keys = keys
            .map(|key| format!("`{key}`"))
            .collect::<Vec<_>>()
            .join(", ");
        return if moved {
            format!("add `{name}:` and move its keys under it, indented: {keys}")
        } else {
            format!("add `{name}:` with {keys} under it")
        };
    }
    let example = match key.value {
        ValueType::Status => "in_progress",
        ValueType::Timestamp => "\"2025-12-04T14:30:00Z\"",
        _ => "\"…\"",
    };
    let place = parents.join(".");
    format!("add `{name}: {example}` under `{place}:`")
}
