//! `--file-remaining`: an issue for each open item that bears no id, exactly once as far as the
//! world allows.
//!
//! Before an issue is created an intent is written down and synced; once its id is known, first
//! that, then, in one write of the session, the id on the item's line and among the tickets. A
//! close that is killed at any point leaves an item that is not begun, one that is done, or an
//! intent: whether that issue exists only a person can find out, and is asked to say.

mod file;
mod known;
mod line;

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

pub(super) use file::file;
pub(super) use known::told;

use super::gate::Plan;
use super::items::verdict;
use super::ledger::Line;
use super::sink::{self, Sink};
use super::{Check, Item, Request, Subject, Verdict, open};
use crate::document::insert;
use crate::error::Result;
use crate::operations::counted;
use crate::shell;
use crate::store::Store;
use known::{Known, known};

/// Work that was filed.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Filed {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Where it was filed.
    pub sink: String,
}

/// What is to be filed, and where.
#[derive(Debug)]
pub(super) struct Filing {
    sink: Option<Sink>,
}

impl Filing {
    /// The project's document that it writes to.
    pub fn document(&self) -> Option<&Path> {
        self.sink.as_ref()?.document()
    }
}

/// Longest part of an item that is quoted, in characters.
const QUOTED: usize = 120;

/// Stands for the id in a command that is shown, and is refused as one.
const BLANK: &str = "ID";

/// The option that says under which id an item of this number was filed.
pub(super) fn answer(number: usize) -> String {
    format!("--filed {number}={BLANK}")
}

/// Whether everything open bears an id or is going to.
pub(super) fn plan(subject: &Subject, request: &Request, plan: &mut Plan) -> Result<Check> {
    let Subject {
        store,
        name,
        document,
        ..
    } = *subject;
    let asked = request.file_remaining.as_deref();
    let sink = asked
        .map(|sink| Sink::resolve(store, name, request, sink))
        .transpose()?;
    let ledger = told(store, name, request)?;
    let open = open::items(document);
    let (known, orphans) = known(store, document, &ledger, sink.as_ref());
    if known.is_empty() {
        let note = match open.len() {
            0 => "nothing is open".to_owned(),
            count => {
                let ids = open.iter().filter_map(|open| open.id(store, document));
                let ids: BTreeSet<_> = ids.collect();
                let ids = ids.into_iter().collect::<Vec<_>>().join(", ");
                format!(
                    "{}, each with an issue id: {ids}",
                    counted(count, "open item")
                )
            }
        };
        return Ok(verdict(Item::Remaining, Verdict::Proven, note, Vec::new()));
    }
    let unmet = |note: String, details, remedy: String| {
        Ok(Check {
            remedy: Some(remedy),
            ..verdict(Item::Remaining, Verdict::Unmet, note, details)
        })
    };
    let lines = &ledger.content.items;
    let mut unknown: Vec<usize> = known
        .iter()
        .filter_map(|(_, known)| match known {
            Known::Unknown(number) => Some(*number),
            _ => None,
        })
        .collect();
    let matched = unknown.len();
    unknown.extend(orphans);
    if !unknown.is_empty() {
        return Ok(stopped(store, lines, &unknown, matched, asked, plan));
    }
    let shown = store.shown(&store.path(name));
    let to_file = known
        .iter()
        .filter(|(_, known)| matches!(known, Known::ToFile(..)));
    let details: Vec<_> = to_file
        .map(|(item, _)| {
            let (line, column) = document.position(item.span.start);
            let text = insert::cut(&insert::line(item.span.of(document.text)), QUOTED);
            format!("{}:{line}:{column}: {text}", shown.display())
        })
        .collect();
    if let (Some(sink), false) = (&sink, details.is_empty()) {
        if let Sink::Program(external, _) = sink {
            request.require_trust(store, external)?;
        }
        sink.rehearse(store)?;
        line::rehearse(subject, &known, sink)?;
    } else if !details.is_empty() {
        let note = format!(
            "{} of {} without an issue id; write `ID - text`, or tick what is done",
            details.len(),
            counted(open.len(), "open item")
        );
        let before = lines.last().map(|line| line.sink.as_str());
        let backlog = || {
            document
                .frontmatter
                .text(&["planning", "backlog", "backlog_md"])
        };
        let sink = before.or_else(backlog).map(|sink| sink::shown(store, sink));
        let sink = sink.unwrap_or_else(|| sink::default(store));
        return unmet(
            note,
            details,
            format!("--file-remaining {}", shell::word(&sink)),
        );
    }
    let note = match &sink {
        Some(sink) if !details.is_empty() => {
            format!(
                "{} will be filed with {}",
                counted(details.len(), "item"),
                sink.name()
            )
        }
        _ => format!(
            "{} will get the id it was filed under",
            counted(known.len(), "item")
        ),
    };
    plan.filing = Some(Filing { sink });
    Ok(verdict(Item::Remaining, Verdict::Planned, note, details))
}

/// The verdict where a stopped close leaves a question.
///
/// Of the `unknown` items the first `matched` are in the session.
fn stopped(
    store: &Store,
    lines: &[Line],
    unknown: &[usize],
    matched: usize,
    asked: Option<&str>,
    plan: &mut Plan,
) -> Check {
    let lines = unknown
        .iter()
        .filter_map(|number| Some((*number, lines.get(number - 1)?)));
    let lines: Vec<_> = lines.collect();
    let titles = lines
        .iter()
        .map(|(number, line)| (*number, line.title.clone()));
    plan.stopped = titles.collect();
    let details = lines.iter().enumerate().map(|(at, (number, line))| {
        let Line { title, sink, .. } = line;
        let gone = if at < matched {
            ""
        } else {
            ", not in the session as it was: if it was filed, write its id before its new text"
        };
        format!("item {number}: {title} ({sink}){gone}")
    });
    let mut remedy: Vec<_> = lines.iter().map(|(number, _)| answer(*number)).collect();
    if let (None, Some((_, first))) = (asked, lines.first()) {
        let sink = sink::shown(store, &first.sink);
        remedy.insert(0, format!("--file-remaining {}", shell::word(&sink)));
    }
    let note = format!(
        "{} may have been filed already; look, then say `--filed ITEM={BLANK}`, or `--refile \
         ITEM` if it was not",
        counted(lines.len(), "item")
    );
    Check {
        remedy: Some(remedy.join(" ")),
        ..verdict(Item::Remaining, Verdict::Unmet, note, details.collect())
    }
}
