//! The bytes of a new session: frontmatter by the tool, body by the template, and into it what was
//! said and what is carried over.

use std::fmt::Write as _;

use super::parent::Parent;
use super::{Request, Start, task_list};
use crate::document::schema::{CONTEXT, NEXT_STEPS};
use crate::document::time::{Timestamp, format_rfc3339};
use crate::document::{Document, Edit, heading_text, insert, item_words, quoted};
use crate::error::Result;
use crate::git::Repository;
use crate::operations::source::Origin;
use crate::operations::write::{Entry, Revision};
use crate::operations::{Guard, Issue, template};
use crate::store::Store;

pub(super) fn draft(
    store: &Store,
    request: &Request,
    start: &Start,
    title: &str,
    guard: &Guard,
    now: Timestamp,
) -> Result<Vec<u8>> {
    let input = &start.input;
    let parent = start.parent.as_ref();
    let next: Vec<_> = request.next.iter().map(|item| item_words(item)).collect();
    let current = request.current.map(insert::line);
    let current = current.or_else(|| next.first().cloned());
    let current = current.or_else(|| input.first_step());
    let current = current.or_else(|| parent?.next_step());
    let current = guard.text(current.as_deref().unwrap_or(title));
    let keys = keys(store, request, start);

    let template = template::find(store, request.template)?;
    let values = values(&template, request, title, &keys, guard, now)?;
    let head = head(start, title, &current, &keys, now);
    let draft = template::draft(&template, &values, &head, title, &store.config, now)?;
    let source = draft.refuse_errors(&template)?;
    let document = Document::parse(&source);

    let context = request.context.unwrap_or(&input.lead);
    let carried = parent.map(Parent::carried).unwrap_or_default();
    let steps = task_list(&next);
    let origin = start.provenance();
    let mut edits = Vec::new();
    if !context.trim().is_empty() {
        let section = CONTEXT;
        edits.push(Edit::Replace {
            section,
            text: context,
        });
    }
    if !next.is_empty() {
        let section = NEXT_STEPS;
        edits.push(Edit::Replace {
            section,
            text: &steps,
        });
    }
    edits.extend(input.edits());
    // What was said comes first, so that it does not replace what is carried over.
    edits.extend(
        carried
            .iter()
            .map(|(section, text)| Edit::Append { section, text }),
    );
    if !origin.is_empty() {
        let section = CONTEXT;
        edits.push(Edit::Append {
            section,
            text: &origin,
        });
    }
    let entry = Entry {
        agent: request.agent,
        action: "new",
        text: "Session created.",
        is_work: true,
    };
    Revision::of_draft(store, &document, guard, now).apply(edits, Some(entry))
}

/// The optional keys of `session` that say where the work belongs, in their order.
fn keys(store: &Store, request: &Request, start: &Start) -> Vec<(&'static str, String)> {
    let mut keys: Vec<(&str, String)> = match request.issue {
        Some(issue) => Issue::parse(issue, &store.config)
            .fields()
            .into_iter()
            .map(|([_, key], value)| (key, value.to_owned()))
            .collect(),
        None => start.parent.as_ref().map(Parent::issue).unwrap_or_default(),
    };
    let branch = store.repository.as_ref().and_then(Repository::branch);
    let branch = branch.or_else(|| start.parent.as_ref()?.branch());
    keys.extend(branch.map(|branch| ("branch", branch)));
    keys
}

/// The values of the template's variables, made fit to stand in a body.
fn values(
    template: &template::Template,
    request: &Request,
    title: &str,
    keys: &[(&str, String)],
    guard: &Guard,
    now: Timestamp,
) -> Result<template::Values> {
    let safe = |text: &str| value(&guard.text(text));
    let given = request.vars.iter();
    let given: Vec<_> = given
        .map(|(name, value)| (name.clone(), safe(value)))
        .collect();
    let mut values = template.values(&given)?;
    let key = |wanted: &[&str]| {
        let found = keys.iter().find(|(key, _)| wanted.contains(key));
        found.map(|(_, text)| value(text)).unwrap_or_default()
    };
    let date = format_rfc3339(now).get(..10).unwrap_or("").to_owned();
    values.extend(
        [
            ("title", heading_text(&value(title))),
            ("issue", key(&["linear_issue", "issue"])),
            ("branch", key(&["branch"])),
            ("agent", value(request.agent)),
            ("date", date),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    Ok(values)
}

/// A value as it can stand anywhere in a body, at the beginning of a line and within one: on one
/// line, because what opens a block in the one place is text in the other, and without what would
/// make a heading of it or of the line above, open a fence, end a comment or mark a conflict.
fn value(text: &str) -> String {
    let line = insert::line(text).replace("-->", "--\\>");
    let safe = insert::block(&line, 3);
    let opens = safe.starts_with(['=', '~', '>', '|']) || safe.starts_with("<<<<<<<");
    if safe.contains('\n') || opens {
        return format!("\\{line}");
    }
    safe
}

/// The frontmatter block, both fences included.
fn head(
    start: &Start,
    title: &str,
    current: &str,
    keys: &[(&str, String)],
    now: Timestamp,
) -> String {
    let now = quoted(&format_rfc3339(now));
    let mut text = format!(
        "---\nsession:\n  title: {}\n  status: in_progress\n  created: {now}\n  last_updated: {now}\n",
        quoted(title),
    );
    for (key, value) in keys {
        let _ = writeln!(text, "  {key}: {}", quoted(value));
    }
    if let Some(stem) = start.parent.as_ref().and_then(Parent::link) {
        let _ = writeln!(text, "  parent: {}", quoted(stem));
    }
    if let Some(origin) = &start.origin {
        text += "  source:\n";
        for (key, value) in origin.keys() {
            let _ = writeln!(text, "    {key}: {}", quoted(value));
        }
    }
    let _ = writeln!(text, "orchestration:\n  current_task: {}", quoted(current));
    if let Some(seed) = &start.seed {
        let _ = writeln!(text, "planning:\n  root_seed: {}", quoted(seed));
    }
    text += "---\n";
    text
}

impl Start {
    /// What the Context says of where the session comes from, beyond what a link says.
    fn provenance(&self) -> String {
        let parent = self.parent.as_ref().and_then(Parent::provenance);
        let origin = self.origin.as_ref().map(Origin::provenance);
        let lines: Vec<_> = origin.into_iter().chain(parent).collect();
        lines.join("\n\n")
    }
}
