use std::borrow::Cow;
use std::cell::OnceCell;

use chrono::TimeDelta;

use super::duplicate_work::Folder;
use super::hidden_character::is_visible;
use super::project::Project;
use super::rule::{Rule, Severity};
use crate::config::Config;
use crate::document::schema::SESSION_LOG;
use crate::document::secrets::redact;
use crate::document::time::{Rfc3339, Timestamp, format_rfc3339, parse_rfc3339};
use crate::document::yaml::{Entry, Kind, Node};
use crate::document::{
    Document, Edit, Fences, Heading, Scalar, SessionName, Source, Span, Splice, Stamp, Status,
    Wave, WaveDefect, line_start, next_line,
};
use crate::lint::Settings;

/// How far a session has come, which decides what it may leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// In progress: placeholders of the template may still stand.
    Draft,
    /// Handed over: must say where the work stands.
    Paused,
    /// Over: about to be closed.
    Completed,
}

/// Something a rule has found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How much it matters.
    pub severity: Severity,
    /// The defect.
    pub message: String,
    /// Where it is; empty at offset 0 when it concerns the whole file.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
    /// The change that does it, where there is one right answer.
    pub fix: Option<Fix>,
}

/// Whether a fix can be made unseen.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// It changes nothing that anybody meant.
    Safe,
    /// It is probably what was meant, and somebody should look at it.
    Unsafe,
}

/// A change that removes the defect of a finding.
#[derive(Debug, Clone)]
pub struct Fix {
    /// Whether it can be made unseen.
    pub safety: Safety,
    /// New text for some spans, in order and without overlap.
    pub splices: Vec<Splice>,
}

/// Where a rule puts what it finds.
#[derive(Debug)]
pub struct Findings<'f> {
    rule: &'static Rule,
    found: &'f mut Vec<Finding>,
}

/// What rules look at: one parsed document and what is expected of it.
#[derive(Debug)]
pub struct Context<'a> {
    /// The name of the file, without its folder.
    pub file_name: &'a str,
    /// Its parts, if it follows the scheme.
    pub name: Option<SessionName<'a>>,
    /// The bytes.
    pub source: &'a Source,
    /// The document.
    pub document: &'a Document<'a>,
    /// The settings of the repository.
    pub config: &'a Config,
    /// The time; a rule that depends on it never goes beyond a warning.
    pub now: Timestamp,
    /// The repository, if it is known.
    pub project: Option<&'a Project<'a>>,
    /// What other sessions are about, if there is something to say about this one.
    pub folder: Option<&'a Folder>,
    /// How far the session has come.
    pub phase: Phase,
    /// The first marker of a merge conflict. Between two states of a file in one, only the rules
    /// for any text are run.
    pub conflict: Option<Span>,
    /// End of the YAML that can be believed: a syntax error often comes from the line before, or
    /// from a value that swallowed the key it is noticed at.
    trusted: usize,
    // Several rules compare these.
    created: OnceCell<Option<(Span, Timestamp)>>,
    last_updated: OnceCell<Option<(Span, Timestamp)>>,
    stamps: OnceCell<Vec<(&'a Heading<'a>, Stamp<'a>)>>,
    waves: OnceCell<Vec<(usize, Result<Wave, WaveDefect>)>>,
}

impl Phase {
    /// The phase that the frontmatter names. A document that names none is held to the least.
    pub fn of(document: &Document<'_>) -> Self {
        match document.frontmatter.status() {
            None | Some(Status::InProgress) => Self::Draft,
            Some(Status::Paused) => Self::Paused,
            Some(Status::Completed) => Self::Completed,
        }
    }
}

impl<'f> Findings<'f> {
    /// Collects what `rule` finds.
    pub fn new(rule: &'static Rule, found: &'f mut Vec<Finding>) -> Self {
        Self { rule, found }
    }

    /// Reports a defect with the default severity of the rule, and what to do about it.
    pub fn report(
        &mut self,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> &mut Self {
        self.report_as(self.rule.severity, span, message, help)
    }

    /// Reports a defect with a severity of its own.
    pub fn report_as(
        &mut self,
        severity: Severity,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> &mut Self {
        self.found.push(Finding {
            rule: self.rule,
            severity,
            message: without_secrets(message.into()),
            span,
            help: Some(without_secrets(help.into())),
            fix: None,
        });
        self
    }

    /// Adds the change that removes the defect reported last; none if there are no splices.
    pub fn fix(&mut self, safety: Safety, splices: impl IntoIterator<Item = Splice>) {
        let splices: Vec<_> = splices.into_iter().collect();
        if splices.is_empty() {
            return;
        }
        if let Some(finding) = self.found.last_mut() {
            finding.fix = Some(Fix { safety, splices });
        }
    }
}

impl<'a> Context<'a> {
    /// Prepares a document for the rules.
    pub fn new(file_name: &'a str, document: &'a Document<'a>, settings: Settings<'a>) -> Self {
        let error = document.frontmatter.error.as_ref();
        Self {
            file_name,
            name: SessionName::parse(file_name),
            created: OnceCell::new(),
            last_updated: OnceCell::new(),
            stamps: OnceCell::new(),
            waves: OnceCell::new(),
            source: document.source(),
            document,
            config: settings.config,
            now: settings.now,
            project: settings.project,
            folder: settings.folder,
            phase: Phase::of(document),
            conflict: document.conflict(),
            trusted: error.map_or(usize::MAX, |error| line_start(document.text, error.offset)),
        }
    }

    /// Whether there is frontmatter whose end is known; without it nothing can be said about keys.
    pub fn has_frontmatter(&self) -> bool {
        self.document.frontmatter.fences == Fences::Closed
    }

    /// The entry at a path of the frontmatter, unless a syntax error makes it doubtful.
    pub fn entry(&self, path: &[&str]) -> Option<&'a Entry<'a>> {
        let frontmatter = &self.document.frontmatter;
        self.has_frontmatter()
            .then(|| frontmatter.entry(path))?
            .filter(|entry| self.trusts(&entry.value))
    }

    /// The text at a path and where it stands, unless it is doubtful: no text, empty, given twice.
    pub fn text(&self, path: &[&str]) -> Option<(Span, &'a str)> {
        let value = &self.entry(path)?.value;
        let text = value
            .text()
            .map(str::trim)
            .filter(|text| !text.is_empty())?;
        let frontmatter = &self.document.frontmatter;
        let mut duplicates = frontmatter.duplicates.iter();
        let twice = duplicates.any(|key| path.contains(&key.of(self.document.text)));
        (!value.is_null() && !twice).then_some((value.span, text))
    }

    /// The timestamp at a path and where it stands, unless it is doubtful or invalid.
    pub fn timestamp(&self, path: &[&str]) -> Option<(Span, Rfc3339)> {
        let value = &self.entry(path)?.value;
        let (span, _) = self.text(path)?;
        Some((span, parse_rfc3339(value.text()?)?))
    }

    /// `session.created`, if it can be believed.
    pub fn created(&self) -> Option<(Span, Timestamp)> {
        *self.created.get_or_init(|| {
            let (span, created) = self.timestamp(&["session", "created"])?;
            Some((span, created.at))
        })
    }

    /// `session.last_updated`, if it can be believed.
    pub fn last_updated(&self) -> Option<(Span, Timestamp)> {
        *self.last_updated.get_or_init(|| {
            let (span, updated) = self.timestamp(&["session", "last_updated"])?;
            Some((span, updated.at))
        })
    }

    /// The splice that makes an instant the value of a key, which is added if it is not there.
    /// `None` where that cannot be done without guessing.
    pub fn set_time(&self, path: &[&str], at: Timestamp) -> Option<Splice> {
        self.set(path, &format_rfc3339(at))
    }

    /// The same for text.
    pub fn set(&self, path: &[&str], text: &str) -> Option<Splice> {
        let value = Scalar::Text(text);
        let splice = self.document.splice(&Edit::Set { path, value });
        splice.ok().flatten()
    }

    /// The splice that puts a word in the place of a key or value, in the quotes that it has.
    /// `None` if something may refer to it.
    pub fn reworded(&self, node: &Node<'_>, word: &str) -> Option<Splice> {
        let written = node.span.of(self.document.text);
        let quote = match written.chars().next()? {
            '|' | '>' => return None,
            quote @ ('"' | '\'') => quote.to_string(),
            _ => String::new(),
        };
        let plain = node.text().is_some() && !node.decorated;
        plain.then(|| (node.span, format!("{quote}{word}{quote}")))
    }

    /// Whether an instant lies further ahead than clocks may differ.
    pub fn is_future(&self, at: Timestamp) -> bool {
        at - self.now > TimeDelta::minutes(self.config.lint.clock_skew_minutes.into())
    }

    /// The headings below that of the log.
    pub fn log_headings(&self) -> &'a [Heading<'a>] {
        let body = &self.document.body;
        let Some((_, log)) = body.section(SESSION_LOG) else {
            return &[];
        };
        let end = body
            .headings
            .partition_point(|heading| heading.span.start < log.content.end);
        body.headings.get(log.heading + 1..end).unwrap_or_default()
    }

    /// The log's entries of the right form, in the order of the file.
    pub fn log_stamps(&self) -> impl DoubleEndedIterator<Item = (&'a Heading<'a>, Stamp<'a>)> {
        let stamps = self.stamps.get_or_init(|| {
            let entries = self.log_headings().iter();
            entries
                .filter(|heading| heading.level == 3)
                .filter_map(|heading| Some((heading, Stamp::parse(&heading.title)?)))
                .collect()
        });
        stamps.iter().copied()
    }

    /// The same as [`Document::waves`].
    pub fn waves(&self) -> impl Iterator<Item = (usize, Result<Wave, WaveDefect>)> {
        let waves = self.waves.get_or_init(|| self.document.waves().collect());
        waves.iter().copied()
    }

    /// The part of `span` on its first line: enough to find a collection as long as the block.
    pub fn first_line(&self, span: Span) -> Span {
        let text = self.document.text;
        let line = Span::new(span.start, next_line(text, span.start).min(span.end));
        Span::new(line.start, line.start + line.of(text).trim_end().len())
    }

    /// Whether a node is what it was meant to be, whatever syntax error comes after it. A block
    /// map that an error cut off is one, though without all its keys; a bracket that was never
    /// closed may have been meant as text.
    pub fn trusts(&self, node: &Node<'_>) -> bool {
        match node.kind {
            Kind::Map { flow: false, .. } | Kind::Seq { flow: false, .. } if !node.complete => true,
            _ => node.complete && node.span.end <= self.trusted,
        }
    }
}

/// Whether text can be written down in another place as well: nothing in it is hidden or secret.
pub(super) fn is_copyable(text: &str) -> bool {
    is_visible(text) && matches!(redact(text).0, Cow::Borrowed(_))
}

fn without_secrets(text: String) -> String {
    match redact(&text) {
        (Cow::Borrowed(_), _) => text,
        (Cow::Owned(redacted), _) => redacted,
    }
}

/// Text of the user's, short enough for a message and without secrets.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    match redact(text) {
        (Cow::Borrowed(text), _) => shortened(text),
        (Cow::Owned(text), _) => shortened(&text).into_owned().into(),
    }
}

fn shortened(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let line = text.lines().next().unwrap_or("");
    match line.char_indices().nth(60) {
        None if line.len() == text.len() => line.into(),
        None => format!("{line}…").into(),
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or("").trim_end()).into(),
    }
}
