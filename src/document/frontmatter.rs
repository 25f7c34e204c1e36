//! The YAML block at the head of a session and the schema of its keys.

use super::schema::{SECTIONS, Status, same_name};
use super::span::{Span, next_line};
use super::time::{Rfc3339, parse_rfc3339};
use super::yaml::{self, Entry, Node, SyntaxError, Tree};

/// Longest frontmatter that is parsed, in bytes. The largest honest one seen is under 8 KiB.
pub const FRONTMATTER_LIMIT: usize = 256 * 1024;

/// Whether and how the block is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fences {
    /// The first line is not `---`.
    Missing,
    /// `---` at the start, and no second one.
    Unclosed,
    /// Both are there, but too far apart to be parsed.
    TooLong,
    /// Both are there.
    Closed,
}

/// The frontmatter of one session.
#[derive(Debug)]
pub struct Frontmatter<'a> {
    /// How it is delimited.
    pub fences: Fences,
    /// The whole block, both fence lines included; empty at the start of the text if missing.
    pub span: Span,
    /// The YAML between the fences.
    pub content: Span,
    /// The parsed YAML.
    pub root: Option<Node<'a>>,
    /// The syntax error at which parsing stopped; what came before it is in `root`.
    pub error: Option<SyntaxError>,
    /// Keys that repeat an earlier one of the same map.
    pub duplicates: Vec<Span>,
}

impl<'a> Frontmatter<'a> {
    /// Finds and parses the block at `start`, the offset after a byte order mark.
    pub fn parse(text: &'a str, start: usize) -> Self {
        Self::parse_with(text, start, yaml::parse)
    }

    pub(super) fn parse_with(
        text: &'a str,
        start: usize,
        yaml: fn(&'a str, Span) -> Tree<'a>,
    ) -> Self {
        let mut found = delimit(text, start);
        if found.fences != Fences::Missing && found.fences != Fences::TooLong {
            let mut tree = yaml(text, found.content);
            if let (Fences::Closed, Some(error)) = (found.fences, &tree.error)
                && let Some(heading) = session_heading(text, found.content)
                && heading < error.offset
            {
                found.fences = Fences::Unclosed;
                found.span.end = heading;
                found.content.end = heading;
                tree = yaml(text, found.content);
            }
            found.root = tree.root;
            found.error = tree.error;
            found.duplicates = tree.duplicates;
        }
        found
    }

    /// The entry at a path such as `["session", "title"]`.
    pub fn entry(&self, path: &[&str]) -> Option<&Entry<'a>> {
        let (last, parents) = path.split_last()?;
        let mut node = self.root.as_ref()?;
        for parent in parents {
            node = &node.entry(parent)?.value;
        }
        node.entry(last)
    }

    /// The text at a path, if it is a scalar with something in it.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        let value = &self.entry(path)?.value;
        value
            .text()
            .filter(|text| !value.is_null() && !text.trim().is_empty())
    }

    /// The texts of the list at a path; none if it is no list.
    pub fn texts(&self, path: &[&str]) -> Vec<String> {
        let items = self.entry(path).and_then(|entry| entry.value.items());
        let texts = items.unwrap_or(&[]).iter().filter(|item| !item.is_null());
        texts
            .filter_map(|item| item.text().map(str::to_owned))
            .collect()
    }

    /// `session.title`.
    pub fn title(&self) -> Option<&str> {
        self.text(&["session", "title"])
    }

    /// `session.status`, if valid.
    pub fn status(&self) -> Option<Status> {
        Status::parse(self.text(&["session", "status"])?)
    }

    /// The timestamp at a path, if valid.
    pub fn timestamp(&self, path: &[&str]) -> Option<Rfc3339> {
        parse_rfc3339(self.text(path)?)
    }

    /// `session.last_updated`, if valid.
    pub fn last_updated(&self) -> Option<Rfc3339> {
        self.timestamp(&["session", "last_updated"])
    }

    /// The id of the issue this session belongs to, whichever tracker it is in.
    pub fn issue(&self) -> Option<&str> {
        self.text(&["session", "linear_issue"])
            .or_else(|| self.text(&["session", "issue"]))
    }

    /// `orchestration.current_task`.
    pub fn current_task(&self) -> Option<&str> {
        self.text(&["orchestration", "current_task"])
    }
}

/// Finds the fence lines. In an unclosed block the YAML is taken to end before the first Markdown
/// heading, so that the sections of such a file are still found.
fn delimit<'a>(text: &str, start: usize) -> Frontmatter<'a> {
    let found = |fences, end, content| Frontmatter {
        fences,
        span: Span::new(start, end),
        content,
        root: None,
        error: None,
        duplicates: Vec::new(),
    };
    let content = next_line(text, start);
    if !is_fence(Span::new(start, content).of(text)) {
        return found(Fences::Missing, start, Span::at(start));
    }
    let mut line = content;
    let mut heading = None;
    while line < text.len() {
        let next = next_line(text, line);
        let this = Span::new(line, next).of(text);
        if is_fence(this) {
            let content = Span::new(content, line);
            let fences = if line - start > FRONTMATTER_LIMIT {
                Fences::TooLong
            } else {
                Fences::Closed
            };
            return found(fences, next, content);
        }
        if heading.is_none() && (this.starts_with("# ") || this.starts_with("## ")) {
            heading = Some(line);
        }
        line = next;
    }
    let end = heading.unwrap_or(text.len());
    if end - start > FRONTMATTER_LIMIT {
        return found(Fences::TooLong, content, Span::at(content));
    }
    found(Fences::Unclosed, end, Span::new(content, end))
}

/// The first line that can only be a heading of the body. To YAML it is a comment, so where the
/// closing fence is missing and the rule before the log is taken for it, the error comes later.
fn session_heading(text: &str, content: Span) -> Option<usize> {
    let mut line = content.start;
    while line < content.end {
        let next = next_line(text, line);
        let this = Span::new(line, next).of(text);
        let known = this
            .strip_prefix("## ")
            .is_some_and(|name| SECTIONS.iter().any(|known| same_name(known, name)));
        if known || this.starts_with("# Session:") {
            return Some(line);
        }
        line = next;
    }
    None
}

fn is_fence(line: &str) -> bool {
    line.trim_end() == "---"
}
