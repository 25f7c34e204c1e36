//! Records decisions.

use super::Written;
use super::log::check_token;
use super::task::add_to;
use super::write::{Entry, write};
use crate::document::schema::DECISIONS;
use crate::document::time::Timestamp;
use crate::document::{Document, heading_text, insert};
use crate::error::{Error, Result};
use crate::store::Store;

/// A decision.
#[derive(Debug)]
pub struct Request<'r> {
    /// What it is about, on one line.
    pub title: &'r str,
    /// What was decided, in Markdown.
    pub decision: &'r str,
    /// Why, in Markdown.
    pub rationale: &'r str,
    /// Who records it.
    pub agent: &'r str,
    /// Write secrets as they are.
    pub allow_secret: bool,
}

/// Appends a decision, numbered after the highest there is.
///
/// # Errors
///
/// When a part is empty, a decision has that title already, by which a record of it is found later,
/// the session is completed, or the file cannot be edited or written.
pub fn decide(store: &Store, name: &str, request: &Request, now: Timestamp) -> Result<Written> {
    let title = insert::line(request.title);
    let parts = [
        ("title", title.as_str()),
        ("decision", request.decision),
        ("rationale", request.rationale),
    ];
    if let Some((what, _)) = parts.iter().find(|(_, text)| text.trim().is_empty()) {
        let error = Error::usage(format!("the {what} is empty"));
        return Err(error.hint("agentsess help decide"));
    }
    check_token("agent", request.agent)?;
    write(store, name, request.allow_secret, now, |revision| {
        let mut known = revision.document.decisions().into_iter();
        if let Some(known) = known.find(|known| known.title.eq_ignore_ascii_case(&title)) {
            let slug = revision.selector();
            let error = revision.error(format!("a decision is called `{}` already", known.title));
            return Err(error.hint(format!("agentsess show {slug} --section {DECISIONS}")));
        }
        let number = next_number(revision.document);
        let text = format!(
            "### Decision {number}: {}\n\n{}\n\n{}",
            heading_text(&title),
            part("Decision", request.decision),
            part("Rationale", request.rationale)
        );
        let log = format!("Decision {number}: {title}");
        let entry = Entry {
            agent: request.agent,
            action: "decision",
            text: &log,
            is_work: true,
        };
        let edit = add_to(revision.document, DECISIONS, &text);
        revision.apply(vec![edit], Some(entry)).map(Some)
    })
}

/// A labelled part. What has several lines begins on its own, so that a list or a fence is one.
fn part(label: &str, text: &str) -> String {
    let text = insert::block(text, 3);
    match text.trim_start() {
        line if !line.contains('\n') => format!("**{label}**: {line}"),
        _ => format!("**{label}**:\n\n{text}"),
    }
}

fn next_number(document: &Document) -> u32 {
    let headings = document.body.section(DECISIONS).map(|(_, section)| {
        let headings = document.body.subsections(document.text, section);
        headings.into_iter().filter_map(|(index, _)| {
            let rest = document
                .body
                .headings
                .get(index)?
                .title
                .strip_prefix("Decision ")?;
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse::<u32>().ok()
        })
    });
    let highest = headings.into_iter().flatten().max().unwrap_or(0);
    highest.saturating_add(1)
}
