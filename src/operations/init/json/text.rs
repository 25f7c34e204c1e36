//! JSON as text: where things are in it, and what it is with a member more or less.

use jsonc_parser::ast::{Array, Object, ObjectProp, Value as Node};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::tokens::{Token, TokenAndRange};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};
use serde_json::Value;

use super::{Fault, Outcome};

/// A parsed file.
pub(super) struct Parsed<'t> {
    text: &'t str,
    pub root: Option<Node<'t>>,
    tokens: Vec<TokenAndRange<'t>>,
}

/// The members of an object or array, as ranges from key to value, and where the brackets are.
pub(super) struct Container {
    pub range: Range,
    pub members: Vec<Range>,
}

impl From<&Object<'_>> for Container {
    fn from(object: &Object) -> Self {
        Self {
            range: object.range,
            members: object.properties.iter().map(|it| it.range).collect(),
        }
    }
}

impl From<&Array<'_>> for Container {
    fn from(array: &Array) -> Self {
        Self {
            range: array.range,
            members: array.elements.iter().map(Ranged::range).collect(),
        }
    }
}

impl<'t> Parsed<'t> {
    /// Reads a text, which may be one without a value.
    pub fn new(text: &'t str) -> Outcome<Self> {
        let collect = CollectOptions {
            comments: CommentCollectionStrategy::AsTokens,
            tokens: true,
        };
        let options = ParseOptions {
            allow_comments: true,
            allow_trailing_commas: true,
            allow_loose_object_property_names: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        };
        let parsed = parse_to_ast(text, &collect, &options).map_err(|error| Fault {
            message: format!("this is not JSON: {}", error.kind()),
            offset: error.range().start,
        })?;
        Ok(Self {
            text,
            root: parsed.value,
            tokens: parsed.tokens.unwrap_or_default(),
        })
    }

    /// What the keys lead to.
    pub fn node(&self, path: &[&str]) -> Option<&Node<'t>> {
        path.iter().try_fold(self.root.as_ref()?, |node, key| {
            let Node::Object(object) = node else {
                return None;
            };
            Some(&object.properties.iter().find(|it| name(it) == *key)?.value)
        })
    }

    /// The same if it can be added to.
    pub fn container(&self, path: &[&str]) -> Option<Container> {
        match self.node(path)? {
            Node::Object(object) => Some(object.into()),
            Node::Array(array) => Some(array.into()),
            _ => None,
        }
    }

    /// The text with a new last member in a container.
    pub fn add(&self, container: &Container, key: Option<&str>, value: &Value) -> String {
        let end = self.line_end();
        let unit = self.unit();
        let last = container.members.last();
        let own_line = last.filter(|last| self.begins_line(last.start));
        let indent = match own_line {
            Some(last) => self.indent_at(last.start).to_owned(),
            None => format!("{}{unit}", self.indent_at(container.range.start)),
        };
        let key = key.map_or(String::new(), |key| format!("{}: ", Value::from(key)));
        let new = format!("{end}{indent}{key}{}", render(value, &indent, &unit, end));
        let Some(last) = last else {
            let more = if self.empty_lines(container) > 0 {
                end
            } else {
                ""
            };
            let start = container.range.start + 1;
            return splice(self.text, start..start, &(new + more));
        };
        let comma = self.comma(last.end, container.range.end);
        let anchor = comma.map_or(last.end, |comma| comma.end);
        let at = self.after_comments(anchor, container.range.end);
        if comma.is_some() {
            return splice(self.text, at..at, &(new + ","));
        }
        let added = splice(self.text, at..at, &new);
        splice(&added, last.end..last.end, ",")
    }

    /// The text without a member of a container.
    pub fn without(&self, container: &Container, at: usize) -> String {
        let members = &container.members;
        let Some(own) = members.get(at) else {
            return self.text.to_owned();
        };
        let before = at.checked_sub(1).and_then(|at| members.get(at));
        let after = members.get(at + 1);
        let until = after.map_or(container.range.end, |after| after.start);
        let following = self.comma(own.end, until);
        let end = following.map_or(own.end, |comma| comma.end);
        let start = self.line_start(own.start, container.range.start + 1);
        // A comment may stand between a member and its comma.
        let cut = splice(self.text, start..end, "");
        match (before, following) {
            (Some(before), None) => match self.comma(before.end, own.start) {
                Some(comma) => splice(&cut, comma.start..comma.end, ""),
                None => cut,
            },
            _ => cut,
        }
    }

    /// Where the line end is before what begins at `offset`, if nothing else is on its line.
    fn line_start(&self, offset: usize, least: usize) -> usize {
        let before = self.text.get(least..offset).unwrap_or_default();
        let rest = before.trim_end_matches([' ', '\t']);
        let rest = match rest.strip_suffix('\n') {
            Some(rest) => rest.strip_suffix('\r').unwrap_or(rest),
            None => return offset,
        };
        least + rest.len()
    }

    fn comma(&self, from: usize, to: usize) -> Option<Range> {
        let within = |it: &&TokenAndRange| it.range.start >= from && it.range.end <= to;
        let mut tokens = self.tokens.iter().filter(within);
        tokens
            .find(|it| it.token == Token::Comma)
            .map(|it| it.range)
    }

    /// The end of the comments that follow on the same line.
    fn after_comments(&self, mut at: usize, to: usize) -> usize {
        for it in &self.tokens {
            let is_comment = matches!(it.token, Token::CommentLine(_) | Token::CommentBlock(_));
            if !is_comment || it.range.start < at || it.range.end > to {
                continue;
            }
            let between = self.text.get(at..it.range.start).unwrap_or_default();
            if between.contains('\n') || !between.trim().is_empty() {
                break;
            }
            let comment = self.text.get(..it.range.end).unwrap_or_default();
            at = comment.trim_end_matches('\r').len();
        }
        at
    }

    /// How many line ends an empty container holds before the indentation of its line; 0 if it holds
    /// anything else.
    pub fn empty_lines(&self, container: &Container) -> usize {
        let Range { start, end } = container.range;
        let inside = self.text.get(start + 1..end.saturating_sub(1));
        let rest = inside
            .unwrap_or_default()
            .strip_suffix(self.indent_at(start));
        let lines = rest.unwrap_or_default();
        let only = lines.bytes().all(|byte| byte == b'\n' || byte == b'\r');
        // A lone carriage return is none.
        let lone = lines.replace("\r\n", "\n").contains('\r');
        if only && !lone {
            lines.matches('\n').count()
        } else {
            0
        }
    }

    /// What the line is indented by that is at `offset`.
    pub fn indent_at(&self, offset: usize) -> &'t str {
        let before = self.text.get(..offset).unwrap_or_default();
        let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
        let rest = line.trim_start_matches([' ', '\t']);
        line.get(..line.len() - rest.len()).unwrap_or_default()
    }

    fn begins_line(&self, offset: usize) -> bool {
        let before = self.text.get(..offset).unwrap_or_default();
        before.trim_end_matches([' ', '\t']).ends_with('\n')
    }

    /// What a level is indented by.
    pub fn unit(&self) -> String {
        let Some(Node::Object(root)) = &self.root else {
            return "  ".into();
        };
        let first = root.properties.first().map(|it| it.range.start);
        let indent = first.filter(|at| self.begins_line(*at));
        let indent = indent.map(|at| self.indent_at(at));
        let indent = indent.filter(|indent| !indent.is_empty());
        indent.unwrap_or("  ").to_owned()
    }

    pub fn line_end(&self) -> &'static str {
        let first = self.text.split_once('\n');
        match first {
            Some((line, _)) if line.ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }
}

pub(super) fn name<'p>(property: &'p ObjectProp) -> &'p str {
    property.name.as_str()
}

/// A value over several lines, the first without its indentation. Short arrays of words take one.
pub(super) fn render(value: &Value, indent: &str, unit: &str, end: &str) -> String {
    let deeper = format!("{indent}{unit}");
    let (open, close, members) = match value {
        Value::Object(map) if !map.is_empty() => {
            let member = |(key, value): (&String, &Value)| {
                let key = Value::from(key.as_str());
                format!("{key}: {}", render(value, &deeper, unit, end))
            };
            ('{', '}', map.iter().map(member).collect::<Vec<_>>())
        }
        Value::Array(list) if list.iter().any(|it| it.is_object() || it.is_array()) => {
            let member = |value: &Value| render(value, &deeper, unit, end);
            ('[', ']', list.iter().map(member).collect())
        }
        value => return value.to_string(),
    };
    let separator = format!(",{end}{deeper}");
    let members = members.join(&separator);
    format!("{open}{end}{deeper}{members}{end}{indent}{close}")
}

pub(super) fn line_end_at(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    if rest.starts_with("\r\n") {
        2
    } else {
        usize::from(rest.starts_with('\n'))
    }
}

pub(super) fn splice(text: &str, range: std::ops::Range<usize>, new: &str) -> String {
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    [before, new, after].concat()
}
