//! What a file says about itself, wherever it says it.

use std::borrow::Cow;

use super::when::When;
use crate::document::time::Timestamp;
use crate::document::{Document, Heading, Span, Status, is_token, line_start, next_line, prose};

/// What a value is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Title,
    Status,
    Created,
    Updated,
    Branch,
    Issue,
    LinearIssue,
    LinearUrl,
    CurrentTask,
    Agent,
    /// Somebody who need not have written a word of it.
    Person,
    Number,
}

/// The names under which other schemes keep what ours keeps, the most telling first. Lower case,
/// words joined by underscores.
const KEYS: &[(Key, &[&str])] = &[
    (
        Key::Title,
        &[
            "title",
            "session_title",
            "name",
            "topic",
            "subject",
            "titel",
            "titre",
            "título",
        ],
    ),
    (
        Key::Status,
        &["status", "session_status", "state", "statut", "estado"],
    ),
    (
        Key::Created,
        &[
            "created",
            "created_at",
            "started",
            "started_at",
            "start",
            "start_time",
            "opened",
            "date",
            "session_date",
            "timestamp",
            "erstellt",
            "erstellt_am",
            "begonnen",
            "datum",
            "créé",
            "créé_le",
            "date_de_création",
            "creado",
            "creado_el",
            "fecha",
        ],
    ),
    (
        Key::Updated,
        &[
            "last_updated",
            "updated",
            "updated_at",
            "last_modified",
            "modified",
            "lastmod",
            "ended",
            "ended_at",
            "aktualisiert",
            "geändert",
            "mis_à_jour",
            "modifié",
            "actualizado",
            "modificado",
        ],
    ),
    (Key::Branch, &["branch", "git_branch"]),
    (Key::LinearIssue, &["linear_issue"]),
    (Key::LinearUrl, &["linear_url"]),
    (Key::Issue, &["issue", "ticket", "jira"]),
    (Key::CurrentTask, &["current_task", "task", "working_on"]),
    (Key::Agent, &["agent"]),
    (
        Key::Person,
        &[
            "author",
            "authors",
            "owner",
            "pair",
            "participants",
            "assignee",
            "autor",
            "autorin",
            "auteur",
            "verantwortlich",
            "responsable",
        ],
    ),
    (Key::Number, &["session_number"]),
];

impl Key {
    fn named(name: &str) -> Option<(usize, Self)> {
        KEYS.iter().find_map(|(key, names)| {
            let rank = names.iter().position(|known| *known == name)?;
            Some((rank, *key))
        })
    }
}

/// One thing that the file says about itself.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    pub key: Key,
    /// How telling its name is; 0 is the most.
    rank: usize,
    pub value: Cow<'a, str>,
    /// Lines of the body that say nothing else.
    pub lines: Option<Span>,
    /// It stands in a frontmatter that goes.
    pub in_head: bool,
}

impl<'a> Field<'a> {
    pub fn new(name: &str, value: impl Into<Cow<'a, str>>) -> Option<Self> {
        let (rank, key) = Key::named(&normal(name))?;
        Some(Self {
            key,
            rank,
            value: value.into(),
            lines: None,
            in_head: false,
        })
    }
}

/// What all fields together say.
#[derive(Debug, Default, Clone)]
pub(super) struct Facts {
    pub title: Option<String>,
    pub status: Option<Status>,
    /// The word for the status, where ours does not say all of it.
    pub original_status: Option<String>,
    pub created: Option<When>,
    pub updated: Option<Timestamp>,
    pub branch: Option<String>,
    pub issue: Option<String>,
    pub linear_issue: Option<String>,
    pub linear_url: Option<String>,
    pub current_task: Option<String>,
    pub agent: Option<String>,
    /// The names of people, which tell who wrote an entry that begins with one.
    pub people: Vec<String>,
    pub number: Option<String>,
}

impl Facts {
    /// Takes, for each key, the field with the most telling name; among equals the first.
    pub fn of(fields: &[Field]) -> Self {
        let mut facts = Self::default();
        let mut sorted: Vec<&Field> = fields.iter().collect();
        sorted.sort_by_key(|field| field.rank);
        for field in sorted {
            let value = field.value.trim();
            if value.is_empty() {
                continue;
            }
            let text = || Some(plain(value).to_owned());
            match field.key {
                Key::Title => facts.title = facts.title.take().or_else(text),
                Key::Status if facts.status.is_none() => {
                    let (status, whole) = status(value);
                    facts.status = status;
                    if status.is_none() && field.rank == 0 {
                        facts.status = Some(Status::InProgress);
                    }
                    if !(whole && is_plain(value)) && facts.status.is_some() {
                        facts.original_status = Some(value.to_owned());
                    }
                }
                Key::Status => {}
                Key::Created => {
                    let when = When::whole(value).or_else(|| Some(When::lead(value)?.0));
                    // Of a date and an instant on it, the instant says more.
                    facts.created = match (facts.created, when) {
                        (Some(day), Some(at)) if day.time.is_none() && day.date == at.date => {
                            Some(at)
                        }
                        (known, when) => known.or(when),
                    };
                }
                Key::Updated => {
                    let at = When::whole(value).and_then(When::at);
                    facts.updated = facts.updated.or(at);
                }
                Key::Branch => facts.branch = facts.branch.take().or_else(text),
                Key::Issue => facts.issue = facts.issue.take().or_else(text),
                Key::LinearIssue => facts.linear_issue = facts.linear_issue.take().or_else(text),
                Key::LinearUrl => facts.linear_url = facts.linear_url.take().or_else(text),
                Key::CurrentTask => facts.current_task = facts.current_task.take().or_else(text),
                Key::Agent => facts.agent = facts.agent.take().or_else(text),
                Key::Person => facts.people.extend(names(value)),
                Key::Number => facts.number = facts.number.take().or_else(text),
            }
        }
        // A placeholder names no branch or issue.
        for fact in [&mut facts.branch, &mut facts.issue, &mut facts.linear_issue] {
            fact.take_if(|text| text.contains("{{") || is_nothing(text));
        }
        facts
    }

    /// Whether the new frontmatter says all that this field does.
    pub fn say(&self, field: &Field) -> bool {
        let value = field.value.trim();
        let is = |fact: &Option<String>| fact.as_deref() == Some(plain(value));
        let instant = |said: Option<Timestamp>| {
            let Some(when) = When::whole(value) else {
                return false;
            };
            said.is_some_and(|said| match when.time {
                None => said.date_naive() == when.date,
                Some(_) => when
                    .at()
                    .is_some_and(|at| at.timestamp() == said.timestamp()),
            })
        };
        match field.key {
            Key::Title => is(&self.title),
            Key::Status => {
                self.original_status.as_deref() == Some(value)
                    || is_plain(value)
                        && matches!(status(value), (Some(status), true) if Some(status) == self.status)
            }
            Key::Created => instant(self.created.and_then(When::at)),
            Key::Updated => instant(self.updated),
            Key::Branch => is(&self.branch),
            Key::Issue => is(&self.issue),
            Key::LinearIssue => is(&self.linear_issue),
            Key::LinearUrl => is(&self.linear_url),
            Key::CurrentTask => is(&self.current_task),
            Key::Number => is(&self.number),
            // Our frontmatter has no place for them.
            Key::Agent | Key::Person => false,
        }
    }
}

/// Words for a status that say what ours says and no more. Of others, such as `blocked` or
/// `merged`, the word is kept.
const PLAIN_STATUS: &[&str] = &[
    "in_progress",
    "inprogress",
    "active",
    "wip",
    "doing",
    "started",
    "ongoing",
    "running",
    "current",
    "paused",
    "pause",
    "complete",
    "completed",
    "done",
    "finished",
];

/// Whether a word for a status says no more than ours.
pub(super) fn is_plain(value: &str) -> bool {
    PLAIN_STATUS.contains(&normal(plain(value)).as_str())
}

/// The status that a value means, and whether it says nothing else.
pub(super) fn status(value: &str) -> (Option<Status>, bool) {
    let value = plain(value);
    let bare = value.trim_matches(|c: char| !c.is_alphanumeric());
    if let Some(status) = Status::guess(bare) {
        return (Some(status), true);
    }
    let lead = bare
        .split(['(', '[', ',', ';', ':', '–', '—', '|', '.'])
        .next()
        .and_then(|lead| lead.split(" - ").next())
        .unwrap_or("");
    (Status::guess(lead), false)
}

/// The names in a list of people.
fn names(value: &str) -> impl Iterator<Item = String> {
    let words = value.split(|c: char| c.is_whitespace() || ",;&()<>@`*".contains(c));
    let joins = ["and", "und", "et", "y", "with", "mit"];
    let names = words.filter(move |word| is_token(word) && !joins.contains(word));
    names.map(str::to_owned)
}

/// A value without the marks around it.
fn plain(value: &str) -> &str {
    let value = value.trim();
    let within = |mark: &str| {
        let inner = value.strip_prefix(mark)?.strip_suffix(mark)?;
        (!inner.contains(mark) && !inner.is_empty()).then_some(inner)
    };
    ["`", "**", "\"", "'"]
        .iter()
        .find_map(|mark| within(mark))
        .unwrap_or(value)
}

fn is_nothing(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "none" | "n/a" | "na" | "-" | "null" | "tbd" | "—" | "none."
    )
}

fn normal(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

/// The headings of sections that hold nothing but such values.
const SECTIONS: [&str; 7] = [
    "metadata",
    "meta",
    "session_info",
    "session_metadata",
    "session_details",
    "info",
    "details",
];

/// The values in the body: below the title, or in a section for them.
pub(super) fn in_body<'a>(document: &Document<'a>, title: Option<usize>) -> Vec<Field<'a>> {
    let body = &document.body;
    let text = document.text;
    let mut regions = Vec::new();
    let headings = &body.headings;
    let own = title.and_then(|title| headings.get(title));
    let start = own.map_or(body.span.start, |title| next_line(text, title.span.end));
    let first = headings.get(title.map_or(0, |title| title + 1));
    regions.push(Span::new(
        start,
        first.map_or(text.len(), |h| h.span.start).max(start),
    ));
    for section in &body.sections {
        let heading: Option<&Heading> = body.heading(section);
        if heading.is_some_and(|h| SECTIONS.contains(&normal(&h.title).as_str())) {
            let end = headings
                .get(section.heading + 1)
                .map_or(section.content.end, |next| next.span.start);
            regions.push(Span::new(
                section.content.start,
                end.max(section.content.start),
            ));
        }
    }
    let mut fields = Vec::new();
    for region in regions {
        for block in prose(text, region) {
            in_block(text, block, &mut fields);
        }
    }
    fields
}

fn in_block<'a>(text: &'a str, block: Span, fields: &mut Vec<Field<'a>>) {
    let mut lines = Vec::new();
    let mut at = line_start(text, block.start);
    while at < block.end {
        let line = Span::new(at, next_line(text, at));
        lines.push(line);
        at = line.end.max(at + 1);
    }
    while lines
        .last()
        .is_some_and(|line| line.of(text).trim().is_empty())
    {
        lines.pop();
    }
    if let Some(rows) = table(text, &lines) {
        let from = fields.len();
        let all = Span::new(block.start, lines.last().map_or(block.end, |line| line.end));
        let count = rows.len();
        fields.extend(
            rows.into_iter()
                .filter_map(|(name, value)| Field::new(name, value)),
        );
        // A table goes as a whole or stays as a whole.
        if fields.len() - from == count {
            for field in fields.iter_mut().skip(from) {
                field.lines = Some(all);
            }
        }
        return;
    }
    for (index, line) in lines.iter().enumerate() {
        let next = lines.get(index + 1).map_or("", |next| next.of(text));
        let pairs: Vec<_> = pairs(line.of(text)).collect();
        let goes_on = !next.trim().is_empty() && pairs_of(next).is_none();
        let from = fields.len();
        fields.extend(
            pairs
                .iter()
                .filter(|_| !goes_on)
                .filter_map(|(name, value)| Field::new(name, *value)),
        );
        if fields.len() - from == pairs.len() {
            for field in fields.iter_mut().skip(from) {
                field.lines = Some(*line);
            }
        }
    }
}

/// The `key: value` pairs of a line, of which there may be several, parted by bars.
fn pairs(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let whole = pairs_of(line);
    whole.into_iter().flatten()
}

fn pairs_of(line: &str) -> Option<Vec<(&str, &str)>> {
    let line = line.trim_end().trim_end_matches('\\').trim_end();
    if line.starts_with([' ', '\t']) {
        return None;
    }
    let line = ["- ", "* ", "+ "]
        .iter()
        .find_map(|mark| line.strip_prefix(mark))
        .unwrap_or(line);
    let separator = [" | ", " · ", " • "]
        .into_iter()
        .find(|mark| line.contains(mark));
    if let Some(separator) = separator {
        let several: Option<Vec<_>> = line.split(separator).map(pair).collect();
        if several.is_some() {
            return several;
        }
    }
    Some(vec![pair(line)?])
}

fn pair(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    for mark in ["**", "__"] {
        if let Some((key, value)) = text
            .strip_prefix(mark)
            .and_then(|rest| rest.split_once(mark))
        {
            let colon_within = key.ends_with(':');
            let value = value.trim_start();
            let behind = value.strip_prefix(':');
            let value = if colon_within { Some(value) } else { behind };
            return value.map(|value| (key.trim_end_matches(':'), value.trim()));
        }
    }
    // Without bold type, only a known name makes it more than a sentence with a colon.
    let (key, value) = text.split_once(": ")?;
    (key.len() <= 20 && Key::named(&normal(key)).is_some()).then_some((key, value.trim()))
}

/// How the columns of such a table are called.
const COLUMNS: [&str; 9] = [
    "",
    "field",
    "key",
    "property",
    "item",
    "name",
    "attribute",
    "value",
    "info",
];

/// The rows of a table with two columns that are called as if it held metadata.
fn table<'a>(text: &'a str, lines: &[Span]) -> Option<Vec<(&'a str, &'a str)>> {
    let [head, rule, rows @ ..] = lines else {
        return None;
    };
    let cells = |row: &Span| {
        let row = row.of(text).trim();
        let (key, value) = row.strip_prefix('|')?.strip_suffix('|')?.split_once('|')?;
        let bare = key.trim().trim_matches('*').trim_end_matches(':');
        (!value.contains('|')).then_some((bare, value.trim()))
    };
    let is_rule =
        |line: &str| line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
    let (key, value) = cells(head).filter(|_| is_rule(rule.of(text).trim()))?;
    let known = |name: &str| COLUMNS.contains(&normal(name).as_str());
    (known(key) && known(value)).then_some(())?;
    rows.iter().map(cells).collect()
}
