//! Decisions and their records: which are missing, and `--write-adrs`, which writes them in the form
//! of MADR.

use std::collections::HashMap;
use std::path::PathBuf;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, context};

use super::gate::Plan;
use super::items::verdict;
use super::request::WRITE_ADRS;
use super::{Check, Item, Request, Subject, Verdict};
use crate::document::schema::{CONTEXT, DECISIONS};
use crate::document::secrets::redact;
use crate::document::time::{Timestamp, format_rfc3339};
use crate::document::{Decision, Document, Span, heading_text, insert, is_none};
use crate::error::{Error, Kind, Result};
use crate::operations::{counted, stem_of};
use crate::store::{Before, Store, plain};

const TEMPLATE: &str = include_str!("../../../templates/adr.md");

/// A record that can be written.
#[derive(Debug)]
pub(super) struct Record {
    title: String,
    text: String,
}

/// How many decisions have each title.
fn titles(decisions: &[Decision]) -> HashMap<String, usize> {
    let mut titles = HashMap::new();
    for decision in decisions {
        *titles.entry(plain(&decision.title)).or_default() += 1;
    }
    titles
}

/// A decision is captured when a record in the folder has its title as a heading, whatever number
/// stands before it.
pub(super) fn check(subject: &Subject, request: &Request, plan: &mut Plan) -> Check {
    let Subject {
        store,
        name,
        document,
        now,
    } = *subject;
    let decisions = document.decisions();
    if decisions.is_empty() {
        let text = document
            .section_text(DECISIONS)
            .filter(|text| !is_none(text));
        let (state, note) = match text {
            None => (Verdict::NotApplicable, "no decisions"),
            Some(_) => (
                Verdict::Asked,
                "confirm that what Decisions says is recorded; it has no `### Decision N: Title`",
            ),
        };
        return verdict(Item::Decisions, state, note, Vec::new());
    }
    let folder = store.config.close.decisions.display();
    let known = store.decision_records();
    let count = decisions.len();
    let place = |span: Span| {
        let (line, column) = document.position(span.start);
        let path = store.shown(&store.path(name));
        format!("{}:{line}:{column}", path.display())
    };
    let untitled = document.untitled_decisions().into_iter();
    let untitled: Vec<_> = untitled
        .map(|span| {
            let text = span.of(document.text).lines().next().unwrap_or("");
            format!("{}: {text}", place(span))
        })
        .collect();
    let mut details = Vec::new();
    let mut records = Vec::new();
    let titles = titles(&decisions);
    for decision in &decisions {
        let alone = titles.get(&plain(&decision.title)) == Some(&1);
        if alone && known.has(&decision.title) {
            continue;
        }
        let record = record(name, document, decision, now);
        let why = match (alone, record) {
            (true, Some(record)) => {
                details.push(decision.title.clone());
                records.push(record);
                continue;
            }
            (false, _) => "another one has the same title",
            (true, None) => match (&decision.decision, &decision.rationale) {
                (Some(_), _) => "it has no `**Rationale**:`",
                (None, Some(_)) => "it has no `**Decision**:`",
                (None, None) => "it has neither `**Decision**:` nor `**Rationale**:`",
            },
        };
        let (place, title) = (place(decision.span), &decision.title);
        details.push(format!("{place}: {title} ({why})"));
    }
    // What has no title can only be confirmed, once the rest is as it should be.
    let settled = |state, note: String, mut details: Vec<String>| {
        if untitled.is_empty() {
            return verdict(Item::Decisions, state, note, details);
        }
        let note = format!("{note}; confirm that what else Decisions says is recorded");
        details.extend_from_slice(&untitled);
        verdict(Item::Decisions, Verdict::Asked, note, details)
    };
    if details.is_empty() {
        let note = format!("{count} found in {folder}");
        return settled(Verdict::Proven, note, details);
    }
    let (missing, writable) = (details.len(), records.len());
    plan.incomplete = writable < missing && !request.waives(Item::Decisions);
    if request.write_adrs {
        plan.records = records;
    }
    if request.write_adrs && writable == missing {
        let note = format!(
            "{} will be written to {folder}",
            counted(writable, "record")
        );
        return settled(Verdict::Planned, note, details);
    }
    let mut note = format!(
        "{missing} of {count} without a record in {folder} that has its title as a heading"
    );
    if plan.incomplete {
        note.push_str("; complete what is said in brackets, or `--waive decisions=REASON`");
    }
    details.extend_from_slice(&untitled);
    let write = (!request.write_adrs).then_some(WRITE_ADRS);
    let confirm = (!untitled.is_empty()).then_some("--confirm decisions");
    let remedy: Vec<_> = write.into_iter().chain(confirm).collect();
    Check {
        remedy: Some(remedy.join(" ")),
        ..verdict(Item::Decisions, Verdict::Unmet, note, details)
    }
}

/// The record of a decision; `None` where it does not say both what was decided and why.
fn record(name: &str, document: &Document, decision: &Decision, now: Timestamp) -> Option<Record> {
    let words = |text: &str| insert::block(&redact(&nameless(text, name, document)).0, 2);
    let context = document.section_text(CONTEXT).map(words);
    let text = render(
        &format_rfc3339(now),
        &heading_text(&redact(&nameless(&decision.title, name, document)).0),
        &context.unwrap_or_else(|| "None recorded.".to_owned()),
        &words(decision.decision.as_deref()?),
        &words(decision.rationale.as_deref()?),
    );
    Some(Record {
        title: decision.title.clone(),
        text: text.ok()?,
    })
}

fn render(
    now: &str,
    title: &str,
    context: &str,
    decision: &str,
    rationale: &str,
) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_syntax(
        SyntaxConfig::builder()
            .keep_trailing_newline(true)
            .build()?,
    );
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let date = now.get(..10);
    environment.render_str(
        TEMPLATE,
        context! { date, title, context, decision, rationale },
    )
}

/// The text with the session's title wherever its file is named, because the file is about to go.
pub(super) fn nameless(text: &str, name: &str, document: &Document) -> String {
    let stem = stem_of(name);
    let title = document.frontmatter.title().unwrap_or("this session");
    text.replace(&format!(".agents/sessions/{name}"), title)
        .replace(name, title)
        .replace(stem, title)
}

/// Writes a record and returns its path, relative to the root; `None` if it is there by now.
pub(super) fn write(store: &Store, record: &Record, before: Before) -> Result<Option<PathBuf>> {
    // Another close may have been killed just behind this one.
    if store.decision_records().has(&record.title) {
        return Ok(None);
    }
    let path = store.create_decision(&record.title, record.text.as_bytes(), before)?;
    if store.decision_records().has(&record.title) {
        return Ok(Some(path));
    }
    let message = format!("`{}` is not found as a heading", record.title);
    Err(Error::new(Kind::Usage, message)
        .at(&path, None)
        .hint("agentsess help close"))
}
