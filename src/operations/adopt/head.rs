//! The new frontmatter.

use std::fmt::Write as _;

use super::metadata::{Facts, Field};
use super::toml;
use crate::document::schema::Status;
use crate::document::time::{Timestamp, format_rfc3339};
use crate::document::yaml::{Entry, Kind, Node};
use crate::document::{Document, Edit, EditError, Fences, Scalar, Source, Span, quoted};

/// What stands at the head of a file of another scheme.
#[derive(Debug)]
pub(super) enum Head<'a> {
    /// Our own map `session`, perhaps not all of it.
    Ours,
    /// YAML with other keys.
    Yaml(Vec<&'a Entry<'a>>),
    /// TOML between lines `+++`, and where the body begins.
    Toml(::toml::Table, Span),
    /// Nothing.
    None,
}

/// What a session says of itself once it is adopted.
#[derive(Debug)]
pub(super) struct Says<'s> {
    pub title: &'s str,
    pub status: Status,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub current_task: &'s str,
}

impl<'a> Head<'a> {
    /// Finds it. Fails when there is something that cannot be read to its end.
    pub fn find(document: &'a Document<'a>) -> Result<Self, EditError> {
        let block = &document.frontmatter;
        let broken = |message: String, offset| {
            Err(EditError {
                message,
                offset: Some(offset),
                help: "mend the frontmatter by hand, then run the command again".into(),
            })
        };
        let start = block.span.start;
        if block.fences == Fences::Missing {
            return toml::find(document, start).map_or(Ok(Self::None), |found| {
                let found = found.map(|(table, span)| Self::Toml(table, span));
                found.or_else(|(message, offset)| {
                    broken(format!("the TOML cannot be read: {message}"), offset)
                })
            });
        }
        let entries = block.root.as_ref().and_then(Node::entries);
        match (block.fences, entries) {
            (Fences::TooLong, _) => broken("the frontmatter is too long".into(), start),
            // A rule at the start, and text behind it.
            (_, None) if block.root.is_some() => Ok(Self::None),
            (Fences::Unclosed, Some(_)) => broken(
                "the frontmatter is not closed by a line `---`".into(),
                start,
            ),
            (Fences::Unclosed, None) => Ok(Self::None),
            (_, entries) => {
                if let Some(error) = &block.error {
                    let message = format!("the frontmatter is not valid YAML: {}", error.message);
                    return broken(message, error.offset);
                }
                if let Some(again) = block.duplicates.first() {
                    return broken(
                        format!("the key `{}` is there twice", again.of(document.text)),
                        again.start,
                    );
                }
                let entries = entries.unwrap_or(&[]);
                let own = entries
                    .iter()
                    .find(|entry| entry.key.text() == Some("session"));
                if own.is_some_and(|own| own.value.entries().is_some()) {
                    return Ok(Self::Ours);
                }
                if let Some(marked) = entries.iter().find(|entry| is_marked(&entry.value)) {
                    let message = "an anchor, an alias or a tag stands here".to_owned();
                    return broken(message, marked.value.span.start);
                }
                Ok(Self::Yaml(entries.iter().collect()))
            }
        }
    }

    /// Where the body begins.
    pub fn end(&self, document: &Document) -> usize {
        match self {
            Self::Ours | Self::Yaml(_) => document.frontmatter.span.end,
            Self::Toml(_, span) => span.end,
            Self::None => document.frontmatter.span.start,
        }
    }

    /// What it says.
    pub fn fields(&self, document: &Document<'a>) -> Vec<Field<'a>> {
        let scalars = |entries: &[&Entry<'a>]| -> Vec<Field<'a>> {
            let named = |entry: &&Entry<'a>| match (&entry.key.kind, &entry.value.kind) {
                (Kind::Scalar { value: key, .. }, Kind::Scalar { value, .. })
                    if !entry.value.is_null() =>
                {
                    let mut field = Field::new(key, value.to_string())?;
                    field.in_head = true;
                    Some(field)
                }
                _ => None,
            };
            entries.iter().filter_map(named).collect()
        };
        match self {
            Self::Yaml(entries) => scalars(entries),
            Self::Ours => {
                let root = document.frontmatter.root.as_ref().and_then(Node::entries);
                let root = root.unwrap_or(&[]);
                let own = document.frontmatter.entry(&["session"]);
                let own = own.and_then(|own| own.value.entries()).unwrap_or(&[]);
                let copied = |entry: &Entry<'a>| {
                    let (key, value) = (entry.key.text()?, entry.value.text()?);
                    let null = entry.value.is_null();
                    Field::new(key, value.to_owned()).filter(|_| !null)
                };
                own.iter().chain(root).filter_map(copied).collect()
            }
            Self::Toml(table, _) => table
                .iter()
                .filter_map(|(key, value)| {
                    let mut field = Field::new(key, toml::scalar(value)?)?;
                    field.in_head = true;
                    Some(field)
                })
                .collect(),
            Self::None => Vec::new(),
        }
    }

    /// The new block with its fences; `None` where the old one is kept and edited. Everything that
    /// `facts` do not say is carried over.
    pub fn render(
        &self,
        document: &Document,
        facts: &Facts,
        says: &Says,
    ) -> Result<Option<String>, EditError> {
        let mut rest = String::new();
        match self {
            Self::Ours => return Ok(None),
            Self::None => {}
            Self::Yaml(entries) => carry_yaml(document, entries, facts, &mut rest),
            Self::Toml(table, span) => {
                toml::carry(table, span.of(document.text), facts, &mut rest)?;
            }
        }
        let mut text = format!(
            "---\nsession:\n  title: {}\n  status: {}\n  created: {}\n  last_updated: {}\n",
            quoted(says.title),
            says.status.as_str(),
            quoted(&format_rfc3339(says.created)),
            quoted(&format_rfc3339(says.updated)),
        );
        for (key, value) in further(facts) {
            if let Some(value) = value {
                let _ = writeln!(text, "  {key}: {}", quoted(value));
            }
        }
        let _ = writeln!(text, "{rest}---");
        // What is carried over must be what it was.
        let source = Source::new(text.clone().into_bytes());
        let new = Document::parse(&source);
        let sound = new.frontmatter.fences == Fences::Closed
            && new.frontmatter.error.is_none()
            && new.frontmatter.duplicates.is_empty()
            && new.frontmatter.title() == Some(says.title);
        if sound && self.is_carried(facts, &new) {
            return Ok(Some(text));
        }
        Err(EditError {
            message: "the frontmatter cannot be carried over as it is".into(),
            offset: Some(document.frontmatter.span.start),
            help: "write plain `key: value` lines, then run the command again".into(),
        })
    }

    /// Whether what is not said otherwise follows our own map in `new`, in its order.
    fn is_carried(&self, facts: &Facts, new: &Document) -> bool {
        let root = new.frontmatter.root.as_ref().and_then(Node::entries);
        let mut carried = root.unwrap_or(&[]).iter().skip(1);
        let mut next = |name: &str, map: bool| {
            let name = kept_name(name, map);
            carried
                .next()
                .filter(|entry| entry.key.text() == Some(&name))
        };
        match self {
            Self::Yaml(entries) => entries.iter().all(|entry| {
                let name = entry.key.text().unwrap_or("");
                is_said(name, entry.value.text(), facts)
                    || next(name, is_map(entry)).is_some_and(|new| new.value.same(&entry.value))
            }),
            Self::Toml(table, _) => table.iter().all(|(name, value)| {
                is_said(name, toml::scalar(value).as_deref(), facts)
                    || next(name, value.is_table())
                        .is_some_and(|new| toml::equal(&new.value, value))
            }),
            Self::Ours | Self::None => true,
        }
    }
}

/// The edits that complete our own frontmatter where something is missing or invalid.
pub(super) fn complete<'s>(
    document: &Document,
    says: &'s Says,
    times: &'s [String; 2],
    facts: &'s Facts,
) -> Vec<Edit<'s>> {
    let block = &document.frontmatter;
    let mut edits = Vec::new();
    let mut set = |path: &'static [&'static str], value| edits.push(Edit::Set { path, value });
    if block.title() != Some(says.title) {
        set(&["session", "title"], Scalar::Text(says.title));
    }
    if block.status() != Some(says.status) {
        set(&["session", "status"], Scalar::Word(says.status.as_str()));
    }
    let created = block.timestamp(&["session", "created"]).map(|at| at.at);
    if created.is_none() {
        set(&["session", "created"], Scalar::Text(&times[0]));
    }
    let updated = block.last_updated().map(|at| at.at);
    if updated.is_none_or(|updated| updated < created.unwrap_or(says.created)) {
        set(&["session", "last_updated"], Scalar::Text(&times[1]));
    }
    for (key, value) in further(facts) {
        let path: &[&str] = match key {
            "linear_issue" => &["session", "linear_issue"],
            "linear_url" => &["session", "linear_url"],
            "issue" => &["session", "issue"],
            "branch" => &["session", "branch"],
            "original_status" => &["session", "original_status"],
            "number" => &["session", "number"],
            _ => continue,
        };
        if let (Some(value), None) = (value, block.text(path)) {
            set(path, Scalar::Text(value));
        }
    }
    if block.current_task().is_none() {
        set(
            &["orchestration", "current_task"],
            Scalar::Text(says.current_task),
        );
    }
    edits
}

/// The keys of the map `session` that need not be there, those of our own last.
fn further(facts: &Facts) -> [(&'static str, Option<&str>); 6] {
    [
        ("linear_issue", facts.linear_issue.as_deref()),
        ("linear_url", facts.linear_url.as_deref()),
        ("issue", facts.issue.as_deref()),
        ("branch", facts.branch.as_deref()),
        ("number", facts.number.as_deref()),
        ("original_status", facts.original_status.as_deref()),
    ]
}

pub(super) fn is_said(name: &str, value: Option<&str>, facts: &Facts) -> bool {
    let field = value.and_then(|value| Field::new(name, value));
    field.is_some_and(|field| facts.say(&field))
}

/// The name under which a key is kept: its own, unless ours is a map of that name and this is not.
pub(super) fn kept_name(name: &str, map: bool) -> String {
    match name {
        "session" | "orchestration" | "planning" if !map => format!("original_{name}"),
        _ => name.to_owned(),
    }
}

fn is_map(entry: &Entry) -> bool {
    entry.value.entries().is_some()
}

fn is_marked(node: &Node) -> bool {
    node.decorated
        || match &node.kind {
            Kind::Map { entries, .. } => entries
                .iter()
                .any(|entry| entry.key.decorated || is_marked(&entry.value)),
            Kind::Seq { items, .. } => items.iter().any(is_marked),
            Kind::Scalar { .. } => false,
            Kind::Alias => true,
        }
}

/// Copies what is not said otherwise, byte for byte, comments included.
fn carry_yaml(document: &Document, entries: &[&Entry], facts: &Facts, rest: &mut String) {
    let text = document.text;
    let content = document.frontmatter.content;
    let flow = matches!(
        document.frontmatter.root.as_ref().map(|root| &root.kind),
        Some(Kind::Map { flow: true, .. })
    );
    if flow {
        for entry in entries {
            let name = entry.key.text().unwrap_or("");
            if !is_said(name, entry.value.text(), facts) {
                let key = quoted(&kept_name(name, is_map(entry)));
                let _ = writeln!(rest, "{key}: {}", entry.value.span.of(text));
            }
        }
        return;
    }
    let starts = entries.iter().map(|entry| entry.key.span.start);
    let first = entries
        .first()
        .map_or(content.end, |entry| entry.key.span.start);
    let mut push = |text: &str| {
        rest.push_str(&text.replace("\r\n", "\n").replace('\r', "\n"));
        if !text.is_empty() && !rest.ends_with('\n') {
            rest.push('\n');
        }
    };
    push(comments(Span::new(content.start, first).of(text)).as_str());
    let ends = starts.skip(1).chain([content.end]);
    for (entry, end) in entries.iter().zip(ends) {
        let name = entry.key.text().unwrap_or("");
        let chunk = Span::new(entry.key.span.start, end);
        if is_said(name, entry.value.text(), facts) {
            let behind = Span::new(entry.value.span.end.max(entry.key.span.end), end);
            push(comments(behind.of(text)).as_str());
            continue;
        }
        let kept = kept_name(name, is_map(entry));
        if kept == name {
            push(chunk.of(text));
        } else {
            let behind = Span::new(entry.key.span.end, end);
            push(&format!("{kept}{}", behind.of(text)));
        }
    }
}

/// The comments in a text that holds nothing else, one a line.
fn comments(text: &str) -> String {
    text.lines()
        .filter_map(|line| line.find('#').and_then(|at| line.get(at..)))
        .fold(String::new(), |all, line| all + line.trim_end() + "\n")
}
