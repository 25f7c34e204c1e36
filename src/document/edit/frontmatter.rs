//! Splices in the YAML block.

use std::fmt::Write as _;

use granit_parser::ScalarStyle;

use super::{AGENTS, Agent, EditError, Scalar, Splice, refused};
use crate::document::Document;
use crate::document::frontmatter::{Fences, Frontmatter};
use crate::document::schema::KEYS;
use crate::document::span::{Span, line_start, next_line};
use crate::document::yaml::{Entry, Kind, Node};

impl Document<'_> {
    /// The block, if it can be edited at all.
    pub(super) fn editable(&self) -> Result<&Frontmatter<'_>, EditError> {
        let block = &self.frontmatter;
        let offset = Some(block.span.start);
        match block.fences {
            Fences::Closed => Ok(block),
            Fences::Missing => refused(
                "there is no frontmatter",
                offset,
                "put the YAML block between two `---` lines at the very start of the file",
            ),
            Fences::Unclosed => refused(
                "the frontmatter is not closed",
                offset,
                "end the YAML block with a line `---`",
            ),
            Fences::TooLong => refused(
                "the frontmatter is too long to be edited",
                offset,
                "move what is not metadata into the body",
            ),
        }
    }

    pub(super) fn broken(&self, what: &str) -> EditError {
        let error = self.frontmatter.error.as_ref();
        EditError {
            message: match error {
                Some(error) => format!("{what} stands in broken YAML: {}", error.message),
                None => format!("{what} is written in a way that cannot be edited safely"),
            },
            offset: error.map(|error| error.offset),
            help: "mend the YAML by hand, then run the command again".into(),
        }
    }

    /// The only entry at a path, or the deepest ancestor that exists and what is missing below it.
    pub(super) fn locate<'p>(&self, path: &'p [&'p str]) -> Result<Place<'_, 'p>, EditError> {
        let block = self.editable()?;
        let mut place = Place {
            map: block.root.as_ref(),
            parent: None,
            entry: None,
            missing: path,
        };
        while let Some((key, rest)) = place.missing.split_first() {
            let Some(entries) = place.map.and_then(Node::entries) else {
                break;
            };
            let mut found = entries.iter().filter(|e| e.key.text() == Some(key));
            let Some(entry) = found.next() else { break };
            if let Some(again) = found.next() {
                return refused(
                    format!("`{}` is there twice", path.join(".")),
                    Some(again.key.span.start),
                    "remove one of the two by hand",
                );
            }
            place.parent = place.entry;
            place.missing = rest;
            place.entry = Some(entry);
            place.map = Some(&entry.value);
        }
        Ok(place)
    }

    pub(super) fn set(&self, path: &[&str], value: Scalar) -> Result<Splice, EditError> {
        let place = self.locate(path)?;
        if let (Some(entry), []) = (place.entry, place.missing) {
            return self.set_value(entry, value, path);
        }
        let text = render(value, None);
        self.add(
            &place,
            path,
            &|key| vec![format!("{key}: {text}")],
            &|key| format!("{key}: {text}"),
        )
    }

    pub(super) fn set_value(
        &self,
        entry: &Entry,
        value: Scalar,
        path: &[&str],
    ) -> Result<Splice, EditError> {
        let node = &entry.value;
        let name = || path.join(".");
        let hand = "change it by hand";
        if node.decorated {
            return refused(
                format!("`{}` has an anchor, an alias or a tag", name()),
                Some(node.span.start),
                hand,
            );
        }
        let Kind::Scalar { style, .. } = &node.kind else {
            return refused(
                format!("`{}` is {}, not a single value", name(), node.describe()),
                Some(node.span.start),
                hand,
            );
        };
        let colon = || self.after_colon(entry).ok_or_else(|| self.broken(&name()));
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let colon = colon()?;
                let rest = Span::new(colon, self.text.len()).of(self.text);
                let start = colon + (rest.len() - rest.trim_start_matches([' ', '\t']).len());
                let span = Span::new(start, self.end_of(node).max(start + 1));
                Ok((span, render(value, None)))
            }
            _ if node.span.is_empty() => {
                Ok((Span::at(colon()?), format!(" {}", render(value, None))))
            }
            style => Ok((node.span, render(value, Some(*style)))),
        }
    }

    /// The offset behind the colon that follows a key.
    fn after_colon(&self, entry: &Entry) -> Option<usize> {
        let start = entry.key.span.end;
        let rest = self.text.get(start..)?;
        let spaces = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        rest.get(spaces..)?
            .starts_with(':')
            .then_some(start + spaces + 1)
    }

    /// Where a node ends, without the line breaks that block scalars run into; an empty one ends
    /// with its indicator.
    pub(super) fn end_of(&self, node: &Node) -> usize {
        match &node.kind {
            Kind::Map { entries, flow } if !flow => entries
                .last()
                .map_or(node.span.end, |entry| self.end_of(&entry.value)),
            Kind::Seq { items, flow } if !flow => {
                items.last().map_or(node.span.end, |item| self.end_of(item))
            }
            Kind::Scalar {
                style: ScalarStyle::Literal | ScalarStyle::Folded,
                ..
            } => Span::new(0, node.span.end).of(self.text).trim_end().len(),
            _ => node.span.end,
        }
    }

    /// Adds what is missing at `place`: `block` gives the lines of the last key in block style,
    /// `flow` the same in braces.
    fn add(
        &self,
        place: &Place<'_, '_>,
        path: &[&str],
        block: &dyn Fn(&str) -> Vec<String>,
        flow: &dyn Fn(&str) -> String,
    ) -> Result<Splice, EditError> {
        let what = format!("`{}`", path.join("."));
        let Some((last, parents)) = place.missing.split_last() else {
            return Err(self.broken(&what));
        };
        let in_flow = || {
            let inner = flow(last);
            parents
                .iter()
                .rev()
                .fold(inner, |inner, key| format!("{key}: {{{inner}}}"))
        };
        let lines = |indent: usize| {
            let keys = parents.iter().enumerate();
            let keys = keys.map(|(deeper, key)| (deeper, format!("{key}:")));
            let block = block(last).into_iter().map(|line| (parents.len(), line));
            self.indented(
                keys.chain(block)
                    .map(|(deeper, line)| (indent + 2 * deeper, line)),
            )
        };
        let Some(map) = place.map else {
            // Nothing but comments between the fences.
            let content = self.frontmatter.content;
            return match &self.frontmatter.error {
                None => Ok((Span::at(content.end), lines(0))),
                Some(_) => Err(self.broken(&what)),
            };
        };
        if !map.complete || map.decorated {
            return Err(self.broken(&what));
        }
        match &map.kind {
            Kind::Map {
                entries,
                flow: true,
            } => match entries.last() {
                None => Ok((Span::at(map.span.start + 1), in_flow())),
                Some(entry) => {
                    let end = entry.value.span.end.max(entry.key.span.end);
                    Ok((Span::at(end), format!(", {}", in_flow())))
                }
            },
            Kind::Map { entries, .. } => {
                let known = path.len() - place.missing.len();
                let rank = rank_of(path.get(..=known).unwrap_or(path));
                let sibling = |entry: &Entry| {
                    let mut sibling = path.get(..known).unwrap_or(path).to_vec();
                    sibling.push(entry.key.text().unwrap_or(""));
                    rank_of(&sibling)
                };
                let before = entries
                    .iter()
                    .rfind(|entry| sibling(entry).is_some_and(|sibling| Some(sibling) < rank));
                let Some((first, entry)) = entries.first().zip(before.or(entries.last())) else {
                    return Err(self.broken(&what));
                };
                let indent = self.indent(first).ok_or_else(|| self.broken(&what))?;
                let is_first = rank.is_some() && sibling(first).is_some_and(|s| Some(s) > rank);
                if before.is_none() && is_first {
                    let at = line_start(self.text, first.key.span.start);
                    return Ok((Span::at(at), lines(indent)));
                }
                let end = self.end_of(&entry.value).max(entry.key.span.end);
                Ok((Span::at(next_line(self.text, end)), lines(indent)))
            }
            Kind::Scalar { .. } if map.is_null() && map.span.is_empty() => {
                // `key:` with nothing behind it yet.
                let (Some(entry), in_block) = (place.entry, !self.parent_is_flow(place)) else {
                    return Err(self.broken(&what));
                };
                let Some(indent) = self.indent(entry).filter(|_| in_block) else {
                    return Err(self.broken(&what));
                };
                let at = next_line(self.text, entry.key.span.end);
                Ok((Span::at(at), lines(indent + 2)))
            }
            _ => refused(
                format!(
                    "{what} cannot be added, `{}` is {}",
                    path.get(..path.len() - place.missing.len())
                        .unwrap_or(path)
                        .join("."),
                    map.describe()
                ),
                Some(map.span.start),
                "make it a map, or remove it",
            ),
        }
    }

    /// Whole lines, each with its own number of spaces before it.
    fn indented(&self, lines: impl Iterator<Item = (usize, String)>) -> String {
        let line_break = self.line_break();
        lines.fold(String::new(), |mut text, (indent, line)| {
            let _ = write!(text, "{:indent$}{line}{line_break}", "");
            text
        })
    }

    fn parent_is_flow(&self, place: &Place<'_, '_>) -> bool {
        let parent = match place.parent {
            Some(entry) => Some(&entry.value),
            None => self.frontmatter.root.as_ref(),
        };
        matches!(
            parent.map(|node| &node.kind),
            Some(Kind::Map { flow: true, .. })
        )
    }

    /// How far a key of a block map is indented; `None` if anything but spaces stands before it.
    fn indent(&self, entry: &Entry) -> Option<usize> {
        let start = line_start(self.text, entry.key.span.start);
        let before = Span::new(start, entry.key.span.start).of(self.text);
        before
            .bytes()
            .all(|byte| byte == b' ')
            .then_some(before.len())
    }

    pub(super) fn remove(&self, path: &[&str]) -> Result<Option<Splice>, EditError> {
        let place = self.locate(path)?;
        let (Some(entry), []) = (place.entry, place.missing) else {
            return Ok(None);
        };
        let parent = match place.parent {
            Some(parent) => Some(&parent.value),
            None => self.frontmatter.root.as_ref(),
        };
        let what = format!("`{}`", path.join("."));
        if entry.key.decorated || has_anchor(&entry.value) {
            return refused(
                format!("{what} has an anchor, an alias or a tag"),
                Some(entry.key.span.start),
                "remove it by hand",
            );
        }
        let Some(Kind::Map { entries, flow }) = parent.map(|parent| &parent.kind) else {
            return Err(self.broken(&what));
        };
        let at = entries.iter().position(|e| e.key.span == entry.key.span);
        let at = at.ok_or_else(|| self.broken(&what))?;
        let end = self.end_of(&entry.value).max(entry.key.span.end);
        let span = if *flow {
            let before = at.checked_sub(1).and_then(|before| entries.get(before));
            match (before, entries.get(at + 1)) {
                (Some(before), _) => Span::new(before.value.span.end, end),
                (None, Some(after)) => Span::new(entry.key.span.start, after.key.span.start),
                (None, None) => Span::new(entry.key.span.start, end),
            }
        } else {
            if self.indent(entry).is_none() {
                return Err(self.broken(&what));
            }
            Span::new(
                line_start(self.text, entry.key.span.start),
                next_line(self.text, end),
            )
        };
        Ok(Some((span, String::new())))
    }

    pub(super) fn add_agent(&self, agent: &Agent) -> Result<Splice, EditError> {
        let quoted = |text| render(Scalar::Text(text), None);
        let mut fields = vec![
            ("agent", quoted(agent.agent)),
            ("task", quoted(agent.task)),
            ("status", agent.status.to_owned()),
        ];
        fields.extend(agent.summary.map(|summary| ("summary", quoted(summary))));
        let in_flow = {
            let fields: Vec<_> = fields.iter().map(|(k, v)| format!("{k}: {v}")).collect();
            format!("{{{}}}", fields.join(", "))
        };
        let mut dash = "- ";
        let lines = fields.iter().map(|(key, value)| {
            let start = std::mem::replace(&mut dash, "  ");
            format!("{start}{key}: {value}")
        });
        let lines: Vec<_> = lines.collect();

        let path = AGENTS;
        let place = self.locate(path)?;
        let Some(entry) = place.entry.filter(|_| place.missing.is_empty()) else {
            let block = |key: &str| {
                let mut block = vec![format!("{key}:")];
                block.extend(lines.iter().map(|line| format!("  {line}")));
                block
            };
            return self.add(&place, path, &block, &|key| format!("{key}: [{in_flow}]"));
        };
        let list = &entry.value;
        if list.complete && !list.decorated && list.is_null() && list.span.is_empty() {
            let indent = self.indent(entry);
            let indent = indent.ok_or_else(|| self.broken(&format!("`{}`", path.join("."))))?;
            return Ok(self.lines_below(entry.key.span.end, indent + 2, &lines));
        }
        let make = "make it a list of maps with `agent`, `task` and `status`";
        self.add_to_list(path, list, &lines, &in_flow, make)
    }

    /// The splice that adds a text to a list of texts; `None` if it is there already.
    pub(super) fn include(&self, path: &[&str], text: &str) -> Result<Option<Splice>, EditError> {
        let place = self.locate(path)?;
        let Some(entry) = place.entry.filter(|_| place.missing.is_empty()) else {
            let text = render(Scalar::Text(text), None);
            let line = |key: &str| format!("{key}: [{text}]");
            return self
                .add(&place, path, &|key| vec![line(key)], &line)
                .map(Some);
        };
        let list = &entry.value;
        let items = list.items().unwrap_or(&[]);
        let is_same = |item: &Node| item.text() == Some(text) && !item.is_null();
        if items.iter().any(is_same) {
            return Ok(None);
        }
        let style = items.last().and_then(|item| match &item.kind {
            Kind::Scalar { style, .. } => Some(*style),
            _ => None,
        });
        let text = render(Scalar::Text(text), style);
        if list.complete && !list.decorated && list.is_null() {
            let what = || self.broken(&format!("`{}`", path.join(".")));
            return Ok(Some(if list.span.is_empty() {
                let colon = self.after_colon(entry).ok_or_else(what)?;
                (Span::at(colon), format!(" [{text}]"))
            } else {
                (list.span, format!("[{text}]"))
            }));
        }
        let line = [format!("- {text}")];
        let make = "make it a list of texts";
        self.add_to_list(path, list, &line, &text, make).map(Some)
    }

    /// Adds an item to a list in the style that it has: `lines` is the item in block style, its
    /// dash included.
    fn add_to_list(
        &self,
        path: &[&str],
        list: &Node,
        lines: &[String],
        in_flow: &str,
        otherwise: &str,
    ) -> Result<Splice, EditError> {
        let what = format!("`{}`", path.join("."));
        if !list.complete || list.decorated {
            return Err(self.broken(&what));
        }
        match &list.kind {
            Kind::Seq { items, flow: true } => match items.last() {
                None => Ok((Span::at(list.span.start + 1), in_flow.to_owned())),
                Some(item) => Ok((Span::at(item.span.end), format!(", {in_flow}"))),
            },
            Kind::Seq { items, .. } => {
                let dash = items.last().and_then(|item| {
                    let start = line_start(self.text, item.span.start);
                    let before = Span::new(start, item.span.start).of(self.text);
                    let indent = before.trim_end().strip_suffix('-')?;
                    let end = self.end_of(item);
                    indent.trim().is_empty().then_some((indent.len(), end))
                });
                let (indent, end) = dash.ok_or_else(|| self.broken(&what))?;
                Ok(self.lines_below(end, indent, lines))
            }
            _ => refused(
                format!("{what} is {}, not a list", list.describe()),
                Some(list.span.start),
                otherwise,
            ),
        }
    }

    /// Whole lines below the one that `at` is in.
    fn lines_below(&self, at: usize, indent: usize, lines: &[String]) -> Splice {
        let lines = lines.iter().map(|line| (indent, line.clone()));
        (Span::at(next_line(self.text, at)), self.indented(lines))
    }
}

/// Where a path leads.
pub(super) struct Place<'d, 'p> {
    /// The value of `entry`, or the root.
    pub(super) map: Option<&'d Node<'d>>,
    /// The entry that holds `entry`.
    parent: Option<&'d Entry<'d>>,
    /// The deepest entry of the path that exists.
    entry: Option<&'d Entry<'d>>,
    /// The keys below it that do not.
    pub(super) missing: &'p [&'p str],
}

/// Whether anything in this node is marked, so that something else may refer to it.
fn has_anchor(node: &Node) -> bool {
    node.decorated
        || match &node.kind {
            Kind::Map { entries, .. } => entries
                .iter()
                .any(|entry| entry.key.decorated || has_anchor(&entry.value)),
            Kind::Seq { items, .. } => items.iter().any(has_anchor),
            Kind::Scalar { .. } | Kind::Alias => false,
        }
}

fn rank_of(path: &[&str]) -> Option<usize> {
    KEYS.iter().position(|key| key.path == path)
}

/// Writes a scalar, in the style of the one it replaces where that can hold it.
pub(super) fn render(value: Scalar, style: Option<ScalarStyle>) -> String {
    let (text, bare) = match value {
        Scalar::Text(text) => (text, false),
        Scalar::Word(word) => (word, true),
    };
    match style {
        Some(ScalarStyle::SingleQuoted) if !text.chars().any(needs_escape) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        None | Some(ScalarStyle::Plain) if bare => text.to_owned(),
        _ => quoted(text),
    }
}

/// A double-quoted YAML scalar on one line. What a terminal or editor might act on is escaped.
pub fn quoted(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 2);
    result.push('"');
    for c in text.chars() {
        match c {
            '"' => result.push_str("\\\""),
            '\\' => result.push_str("\\\\"),
            '\n' => result.push_str("\\n"),
            '\t' => result.push_str("\\t"),
            c if needs_escape(c) => match u32::from(c) {
                code @ 0..=0xff => _ = write!(result, "\\x{code:02x}"),
                code @ 0x100..=0xffff => _ = write!(result, "\\u{code:04x}"),
                code => _ = write!(result, "\\U{code:08x}"),
            },
            c => result.push(c),
        }
    }
    result.push('"');
    result
}

/// Control characters, line separators, byte order marks and bidirectional overrides.
fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
