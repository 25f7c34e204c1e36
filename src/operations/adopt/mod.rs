//! Brings files of other habits into the scheme, without losing a word.
//!
//! The plan is pure: from the text, the name and the age of a file it makes the new name and the
//! new bytes. What a file says about itself (`metadata`, wherever it stands) becomes the
//! frontmatter (`head`); headings that mean our sections get their names (`sections`); stamped
//! lines, headings and tables become log entries (`log`). Each of these only says which part of
//! the text is to be replaced by what. [`Document::rewrite`] makes the bytes and proves that every
//! word is still there; edits as any other command makes them then complete what is missing, and
//! the linter has the last word: a result with other errors than sections that are honestly empty
//! is not written. So what no table here foresees stays as it is, or the file is refused.

mod apply;
mod entry;
mod head;
mod log;
mod metadata;
mod name;
mod reading;
mod sections;
mod table;
mod title;
mod toml;
mod when;

pub use apply::{Adopted, Outcome, adopt};

use serde::Serialize;

use crate::config::Config;
use crate::document::schema::Status;
use crate::document::secrets::redact_part;
use crate::document::time::Timestamp;
use crate::document::{
    Body, Document, EditError, SessionName, Source, Span, file_name, line_column, line_start,
    next_line,
};
use crate::error::{Error, Kind, Result};
use crate::lint::{self, Severity};
use head::Head;
use reading::Reading;

/// A file to be adopted.
#[derive(Debug, Clone, Copy)]
pub struct Foreign<'f> {
    /// Its name, without folders.
    pub name: &'f str,
    /// What is in it.
    pub source: &'f Source,
    /// When it was last modified: the time of the session where nothing says another.
    pub modified: Timestamp,
}

/// How a file becomes a session.
#[derive(Debug)]
pub struct Plan {
    /// The file name; it stays if it follows the scheme already.
    pub name: String,
    created: Timestamp,
    slug: String,
    /// Whether the name stays.
    named: bool,
    /// The session.
    pub bytes: Vec<u8>,
    /// What was understood, and what was not.
    pub report: Report,
}

/// What was mapped and what was kept as it is.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Report {
    /// Keys of the frontmatter that were not there before.
    pub keys: Vec<String>,
    /// Sections that got our name for them.
    pub sections: Vec<Renamed>,
    /// Required sections that were missing and are empty now.
    pub added: Vec<String>,
    /// Whether nothing said when the session began, so that the time of the file was taken.
    pub created_guessed: bool,
    /// Log entries that got our form.
    pub entries: usize,
    /// The lines of the original that begin with a time, and yet are no entry.
    pub not_understood: Vec<usize>,
    /// Sections and frontmatter keys of the file's own, which were kept.
    pub kept: Vec<String>,
    /// Relative links that led somewhere and do not from where the session is.
    pub broken_links: usize,
}

impl Report {
    /// The same report with `map` of every text that comes from the file.
    #[must_use]
    pub fn map_texts(mut self, map: impl Fn(&str) -> String) -> Self {
        let renamed = self.sections.iter_mut().map(|one| &mut one.from);
        for text in renamed.chain(&mut self.keys).chain(&mut self.kept) {
            *text = map(text);
        }
        self
    }
}

/// A section with its former name.
#[derive(Debug, Clone, Serialize)]
pub struct Renamed {
    /// The former name.
    pub from: String,
    /// Ours.
    pub to: String,
}

impl Plan {
    /// The file name at this attempt, as `new` has it.
    fn attempt(&self, attempt: u32) -> String {
        match SessionName::parse(&self.name).filter(|_| self.named && attempt > 1) {
            _ if attempt <= 1 => self.name.clone(),
            Some(name) => file_name(name.created, name.slug, attempt),
            None => file_name(self.created, &self.slug, attempt),
        }
    }
}

/// Plans the adoption of a file; `None` if it is a session already.
///
/// # Errors
///
/// Of kind [`Kind::Unmet`] with the reason, when it is no session or cannot become one without
/// guessing.
pub fn plan(file: Foreign, config: &Config, now: Timestamp) -> Result<Option<Plan>> {
    let settings = lint::Settings::new(config, now);
    match errors(file.name, file.source, settings) {
        None => return Ok(None),
        // No later message could be trusted not to have a part of it.
        Some(error) if error.secret => return Err(error.into()),
        Some(_) => {}
    }
    let text = file.source.text();
    let refuse = |message: &str, hint: &str| Err(Error::new(Kind::Unmet, message).hint(hint));
    if !file.source.invalid().is_empty() || text.contains('\0') {
        return refuse(
            "this is no UTF-8 text",
            "iconv -f latin1 -t utf-8 FILE, if that is what it is",
        );
    }
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return refuse(
            "the file is empty",
            "agentsess new \"What this work is about\"",
        );
    }
    let position = |error: EditError| {
        let at = error.offset.map(|offset| line_column(text, offset));
        let mut failed = Error::new(Kind::Unmet, error.message).hint(error.help);
        if let Some((line, column)) = at {
            failed.details.push(format!("line {line}, column {column}"));
        }
        failed
    };
    let seen = Document::parse(file.source);
    let head = Head::find(&seen).map_err(position)?;
    let start = head.end(&seen);
    let mut document = Document::parse(file.source);
    document.body = Body::parse(text, Span::new(start, text.len()));
    let foreign = Reading::new(&document, &head, file)?;
    let mut plan = foreign.plan(None, config).map_err(position)?;
    let source = Source::new(plan.bytes);
    let mut errors = errors(&plan.name, &source, settings);
    plan.bytes = source.into_bytes();
    // To us, what has open work is not completed.
    if errors.as_ref().is_some_and(|error| error.open_work) {
        plan = foreign
            .plan(Some(Status::Paused), config)
            .map_err(position)?;
        let source = Source::new(plan.bytes);
        errors = self::errors(&plan.name, &source, settings);
        plan.bytes = source.into_bytes();
    }
    if let Some(error) = errors {
        return Err(error.into());
    }
    Ok(Some(plan))
}

/// An error that keeps a file from being a session.
struct Defect {
    message: String,
    place: String,
    help: String,
    open_work: bool,
    secret: bool,
}

impl From<Defect> for Error {
    fn from(defect: Defect) -> Self {
        let mut error = Self::new(Kind::Unmet, defect.message).hint(defect.help);
        error.details.push(defect.place);
        error
    }
}

/// The first error that is not just a section left empty; one about open work before all others
/// but a secret.
fn errors(name: &str, source: &Source, settings: lint::Settings) -> Option<Defect> {
    let findings = lint::check(name, source, settings);
    let defects = || {
        let errors = findings.iter().filter(|f| f.severity == Severity::Error);
        errors.filter(|finding| finding.rule.name != "empty-section")
    };
    let secret = |finding: &&lint::Finding| finding.rule.name == "secret";
    let open = |finding: &&lint::Finding| finding.rule.name == "completed-with-open-work";
    let found = defects().find(secret).or_else(|| defects().find(open));
    let found = found.or_else(|| defects().next())?;
    let text = source.text();
    let start = line_start(text, found.span.start);
    let excerpt = redact_part(text, Span::new(start, next_line(text, start)));
    Some(Defect {
        message: found.message.clone(),
        place: format!("{}: {}", found.rule.name, excerpt.trim()),
        help: found.help.clone().unwrap_or_default(),
        open_work: open(&found),
        secret: secret(&found),
    })
}
