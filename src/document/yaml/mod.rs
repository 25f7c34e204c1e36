//! A tree of the YAML in a frontmatter block, with the exact bytes of every node.
//!
//! `granit-parser` is the parser of record; this module only arranges its events. What cannot be
//! parsed ends the tree where it stands: all that came before the error is kept, marked
//! incomplete, so that one broken line does not hide the rest. Aliases are never expanded, so a
//! few hundred bytes cannot become gigabytes, and nesting is limited, so the tree can be walked
//! and dropped by recursion.

use std::borrow::Cow;
use std::collections::HashSet;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::FAST_TIER;
use super::span::{Span, find_unusual};

mod plain;

/// Deepest nesting that is followed. A session's own schema needs five.
const NESTING_LIMIT: usize = 64;

/// A node and where it stands.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// The bytes of the node, quotes and brackets included. A block collection reaches from its
    /// first key or item to the end of its last value; an absent value is empty and stands behind
    /// its key.
    pub span: Span,
    /// What the node is.
    pub kind: Kind<'a>,
    /// Whether an anchor or a tag stands before it; such a node is never edited.
    pub decorated: bool,
    /// False when a syntax error cut the node off.
    pub complete: bool,
}

/// The kinds of nodes.
#[derive(Debug, Clone)]
pub enum Kind<'a> {
    /// A single value, as text with its escapes resolved.
    Scalar {
        /// The value; YAML's own types are not applied.
        value: Cow<'a, str>,
        /// How it is written.
        style: ScalarStyle,
    },
    /// Keys and values, in the order of the text, duplicates included.
    Map {
        /// The entries.
        entries: Vec<Entry<'a>>,
        /// Written in braces.
        flow: bool,
    },
    /// A list.
    Seq {
        /// The items.
        items: Vec<Node<'a>>,
        /// Written in brackets.
        flow: bool,
    },
    /// `*name`, which is not followed.
    Alias,
}

/// One key with its value.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// The key.
    pub key: Node<'a>,
    /// The value.
    pub value: Node<'a>,
}

/// Why the YAML could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The parser's message.
    pub message: String,
    /// Where it gave up.
    pub offset: usize,
}

/// What came of one frontmatter block.
#[derive(Debug, Default)]
pub struct Tree<'a> {
    /// The top node; absent when there is nothing but comments.
    pub root: Option<Node<'a>>,
    /// The syntax error that ended the tree.
    pub error: Option<SyntaxError>,
    /// Every key that was there before, in the same map.
    pub duplicates: Vec<Span>,
}

impl<'a> Node<'a> {
    fn new(span: Span, kind: Kind<'a>, decorated: bool) -> Self {
        Self {
            span,
            kind,
            decorated,
            complete: true,
        }
    }

    /// The text of a scalar, whatever its style.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Whether this is an absent value or a plain `null`.
    pub fn is_null(&self) -> bool {
        matches!(
            &self.kind,
            Kind::Scalar { value, style: ScalarStyle::Plain }
                if matches!(value.as_ref(), "" | "~" | "null" | "Null" | "NULL")
        )
    }

    /// The entries of a map.
    pub fn entries(&self) -> Option<&[Entry<'a>]> {
        match &self.kind {
            Kind::Map { entries, .. } => Some(entries),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn items(&self) -> Option<&[Node<'a>]> {
        match &self.kind {
            Kind::Seq { items, .. } => Some(items),
            _ => None,
        }
    }

    /// The first entry of a map with this key.
    pub fn entry(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries()?
            .iter()
            .find(|entry| entry.key.text() == Some(key))
    }

    /// What this node would be called in a message.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar {
                value,
                style: ScalarStyle::Plain,
            } => match value.as_ref() {
                "true" | "false" | "True" | "False" | "TRUE" | "FALSE" => "a boolean",
                text if self.is_null() || text.is_empty() => "nothing",
                text if is_number(text) => "a number",
                _ => "text",
            },
            Kind::Scalar { .. } => "text",
            Kind::Map { .. } => "a map",
            Kind::Seq { .. } => "a list",
            Kind::Alias => "an alias",
        }
    }

    /// Same content, wherever it stands and however it is laid out.
    pub fn same(&self, other: &Self) -> bool {
        self.complete == other.complete
            && self.decorated == other.decorated
            && match (&self.kind, &other.kind) {
                (Kind::Scalar { value: a, style: s }, Kind::Scalar { value: b, style: t }) => {
                    a == b && s == t
                }
                (Kind::Map { entries: a, .. }, Kind::Map { entries: b, .. }) => {
                    a.len() == b.len()
                        && a.iter()
                            .zip(b)
                            .all(|(a, b)| a.key.same(&b.key) && a.value.same(&b.value))
                }
                (Kind::Seq { items: a, .. }, Kind::Seq { items: b, .. }) => {
                    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
                }
                (Kind::Alias, Kind::Alias) => true,
                _ => false,
            }
    }
}

/// Whether YAML's core schema reads `text` as a number.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && (digits.parse::<f64>().is_ok()
            || digits
                .strip_prefix("0x")
                .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            || digits
                .strip_prefix("0o")
                .is_some_and(|octal| octal.bytes().all(|b| (b'0'..=b'7').contains(&b))))
}

/// Parses the YAML that `span` covers in `text`. Spans in the result are offsets into `text`.
pub fn parse(text: &str, span: Span) -> Tree<'_> {
    FAST_TIER
        .then(|| plain::parse(text, span))
        .flatten()
        .unwrap_or_else(|| parse_fully(text, span))
}

/// The same by the parser of record alone.
pub(super) fn parse_fully(text: &str, span: Span) -> Tree<'_> {
    let source = span.of(text);
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: NESTING_LIMIT,
        block_nesting_limit: NESTING_LIMIT,
    };
    let mut builder = Builder::default();
    let mut documents = 0;
    for next in Parser::new_from_str_with_options(source, options) {
        let (event, at) = match next {
            Ok(next) => next,
            Err(error) => {
                let offset = error.marker().byte_offset().unwrap_or(0).min(source.len());
                builder.fail(error.info(), span.start + offset);
                break;
            }
        };
        let range = at.byte_range().unwrap_or(0..0);
        let node_span = Span::from(range).shifted(span.start);
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                builder.fail("a second YAML document starts here".into(), node_span.start);
                break;
            }
        }
        builder.event(event, node_span);
    }
    builder.finish()
}

/// Marks the block collections that the text before a syntax error ends with. The parser ends them
/// at a line that it cannot place, which may well have been meant to go on with them.
fn cut_off_last(node: &mut Node) {
    node.complete &= match &mut node.kind {
        Kind::Map { entries, flow } => {
            if let Some(last) = entries.last_mut() {
                cut_off_last(&mut last.value);
            }
            *flow
        }
        Kind::Seq { items, flow } => {
            if let Some(last) = items.last_mut() {
                cut_off_last(last);
            }
            *flow
        }
        Kind::Scalar { .. } | Kind::Alias => true,
    };
}

/// Arranges events into a tree without recursion.
#[derive(Default)]
struct Builder<'a> {
    tree: Tree<'a>,
    open: Vec<Open<'a>>,
}

struct Open<'a> {
    node: Node<'a>,
    key: Option<Node<'a>>,
    seen: HashSet<String>,
}

impl<'a> Builder<'a> {
    fn event(&mut self, event: Event<'a>, span: Span) {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let kind = Kind::Scalar { value, style };
                self.place(Node::new(span, kind, anchor > 0 || tag.is_some()));
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.place(Node::new(span, Kind::Alias, true));
            }
            Event::MappingStart(style, anchor, tag) => {
                let kind = Kind::Map {
                    entries: Vec::new(),
                    flow: style == StructureStyle::Flow,
                };
                self.open(Node::new(span, kind, anchor > 0 || tag.is_some()));
            }
            Event::SequenceStart(style, anchor, tag) => {
                let kind = Kind::Seq {
                    items: Vec::new(),
                    flow: style == StructureStyle::Flow,
                };
                self.open(Node::new(span, kind, anchor > 0 || tag.is_some()));
            }
            Event::MappingEnd | Event::SequenceEnd => self.close(Some(span)),
            _ => {}
        }
    }

    fn open(&mut self, node: Node<'a>) {
        self.open.push(Open {
            node,
            key: None,
            seen: HashSet::new(),
        });
    }

    /// Ends the innermost collection; without an end span a syntax error cut it off.
    fn close(&mut self, end: Option<Span>) {
        let Some(mut open) = self.open.pop() else {
            return;
        };
        let last = match &open.node.kind {
            Kind::Map { entries, flow } if !flow => entries.last().map(|e| e.value.span.end),
            Kind::Seq { items, flow } if !flow => items.last().map(|item| item.span.end),
            _ => None,
        };
        open.node.complete = end.is_some();
        open.node.span.end = match (last, end) {
            (Some(last), _) => last.max(open.node.span.start),
            (None, Some(end)) => end.end,
            (None, None) => open.node.span.end,
        };
        self.place(open.node);
    }

    fn place(&mut self, node: Node<'a>) {
        let Some(parent) = self.open.last_mut() else {
            self.tree.root.get_or_insert(node);
            return;
        };
        match &mut parent.node.kind {
            Kind::Seq { items, .. } => items.push(node),
            Kind::Map { entries, .. } => match parent.key.take() {
                None => parent.key = Some(node),
                Some(key) => {
                    if let Some(name) = key.text() {
                        // Comparing is faster for the usual handful of keys, hashing keeps
                        // hostile files linear.
                        let seen = if entries.len() < 16 {
                            entries.iter().any(|entry| entry.key.text() == Some(name))
                        } else {
                            if parent.seen.is_empty() {
                                parent.seen = entries
                                    .iter()
                                    .filter_map(|entry| entry.key.text().map(String::from))
                                    .collect();
                            }
                            !parent.seen.insert(name.to_owned())
                        };
                        if seen {
                            self.tree.duplicates.push(key.span);
                        }
                    }
                    entries.push(Entry { key, value: node });
                }
            },
            Kind::Scalar { .. } | Kind::Alias => {}
        }
    }

    fn fail(&mut self, message: String, offset: usize) {
        self.tree.error = Some(SyntaxError { message, offset });
    }

    fn finish(mut self) -> Tree<'a> {
        while !self.open.is_empty() {
            self.close(None);
        }
        if let (Some(root), Some(_)) = (&mut self.tree.root, &self.tree.error) {
            cut_off_last(root);
        }
        self.tree
    }
}
