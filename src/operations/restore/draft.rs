//! The session that is made from a record, of which the file is gone.

use std::fmt::Write as _;
use std::path::{Component, Path};

use super::super::{Guard, apply};
use crate::document::schema::{CONTEXT, CURRENT_STATE, NEXT_STEPS};
use crate::document::time::{Timestamp, format_rfc3339};
use crate::document::{Document, Edit, Planning, Record, Source, heading_text, insert, quoted};
use crate::error::Result;
use crate::store::Store;

/// The session's title: its own, or the nearest thing to one.
pub(super) fn title(record: &Record) -> String {
    let known = record.title.as_ref().or(record.planning.root_seed.as_ref());
    let title = insert::line(known.unwrap_or(&record.id));
    if title.is_empty() {
        record.id.clone()
    } else {
        title
    }
}

/// The file: what the record knows, and that more is not known.
pub(super) fn draft(
    store: &Store,
    record: &Record,
    agent: &str,
    now: Timestamp,
) -> Result<Vec<u8>> {
    let guard = Guard::default();
    let title = title(record);
    let title = guard.text(&title);
    let (created, updated) = (format_rfc3339(record.created), format_rfc3339(now));
    let text = format!(
        "---\nsession:\n  title: {}\n  status: in_progress\n  created: {}\n  last_updated: {}\n\
         orchestration:\n  current_task: {}\n---\n\n# Session: {}\n",
        quoted(&title),
        quoted(&created),
        quoted(&updated),
        quoted("Find out where the work stands"),
        heading_text(&title),
    );
    let source = Source::new(text.into_bytes());
    let document = Document::parse(&source);
    let planning = links(record);
    let context = context(record);
    let mut edits = planning.edits(&document.frontmatter);
    let sections = [
        (CONTEXT, context.as_str()),
        (
            CURRENT_STATE,
            "Not known: the record does not say where the work stands.",
        ),
        (
            NEXT_STEPS,
            "- [ ] find out where the work stands, and write it down",
        ),
    ];
    edits.extend(sections.map(|(section, text)| Edit::Replace { section, text }));
    let configured = store.config.sections.required.iter();
    for section in configured.filter(|name| sections.iter().all(|(own, _)| own != name)) {
        let text = "<!-- What belongs here. -->";
        edits.push(Edit::Replace { section, text });
    }
    let entry = format!("Made again from the record `{}`.", record.id);
    edits.push(Edit::Log {
        at: now,
        agent,
        action: "restore",
        text: &entry,
    });
    apply(store, "", &document, &edits, &guard)
}

/// The record's links, each on one line, without a backlog file outside of the project.
fn links(record: &Record) -> Planning {
    let mut planning = record.planning.clone();
    let line = |text: &mut String| {
        *text = insert::line(text);
        !text.is_empty()
    };
    let backlog = &mut planning.backlog;
    for value in [
        &mut planning.root_seed,
        &mut planning.plan,
        &mut backlog.topic,
    ] {
        value.take_if(|text| !line(text));
    }
    planning.spikes.retain_mut(line);
    backlog.tickets.retain_mut(line);
    backlog.backlog_md = backlog.backlog_md.take().filter(|path| {
        let mut parts = Path::new(path).components();
        parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    });
    planning
}

/// What the record says, in words.
fn context(record: &Record) -> String {
    let Record { planning, .. } = record;
    let mut text = format!(
        "Restored from the record `{}`, because the session's file was no longer in the trash. \
         The record was last written at {} and says `{}`. What it knows:\n\n",
        record.id,
        format_rfc3339(record.updated),
        record.state.as_str(),
    );
    let mut say = |what: &str, values: &[String]| {
        if !values.is_empty() {
            let _ = writeln!(text, "- {what}: {}", insert::line(&values.join(", ")));
        }
    };
    let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    let time = |value: Option<Timestamp>| value.map(format_rfc3339);
    say("grew from", &one(&planning.root_seed));
    say("spikes", &planning.spikes);
    say("plan", &one(&planning.plan));
    say("backlog topic", &one(&planning.backlog.topic));
    say("backlog file", &one(&planning.backlog.backlog_md));
    say("tickets", &planning.backlog.tickets);
    say("completed at", &one(&time(record.completed_at)));
    if let Some(failure) = &record.failure {
        say("closing it failed", std::slice::from_ref(&failure.message));
        say("tickets filed before that", &failure.tickets_created);
    }
    text
}
