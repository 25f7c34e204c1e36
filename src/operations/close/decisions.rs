//! `--write-adrs`: a record for each decision that has none, in the form of MADR.

use std::path::PathBuf;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, context};

use crate::document::schema::CONTEXT;
use crate::document::secrets::redact;
use crate::document::time::{Timestamp, format_rfc3339};
use crate::document::{Decision, Document, heading_text, insert};
use crate::error::{Error, Kind, Result};
use crate::operations::stem_of;
use crate::store::{Before, Store};

const TEMPLATE: &str = include_str!("../../../templates/adr.md");

/// A record that can be written.
#[derive(Debug)]
pub(super) struct Record {
    title: String,
    text: String,
}

/// The record of a decision; `None` where it does not say both what was decided and why.
pub(super) fn record(
    name: &str,
    document: &Document,
    decision: &Decision,
    now: Timestamp,
) -> Option<Record> {
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

/// Writes the records and returns their paths, relative to the root.
pub(super) fn write(store: &Store, records: &[Record], before: Before) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for record in records {
        // Another close may have been killed just behind this one.
        if store.decision_records().has(&record.title) {
            continue;
        }
        let path = store.create_decision(&record.title, record.text.as_bytes(), before)?;
        if !store.decision_records().has(&record.title) {
            return Err(Error::new(
                Kind::Usage,
                format!("`{}` is not found as a heading", record.title),
            )
            .at(&path, None)
            .hint("agentsess help close"));
        }
        written.push(path);
    }
    Ok(written)
}
