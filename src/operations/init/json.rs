//! Entries in JSON files that belong to others: put in at one place and taken out of it again, every
//! other byte as it was. Comments and trailing commas are read.
//!
//! Nothing is remembered about what a file was like before. What is put in begins with a line end,
//! and what was there is told from what was made by how a container that is left empty ends: one that
//! was made for an entry has one line end before its bracket; one that was there and would look the
//! same is given one more.

use jsonc_parser::ast::{Array, Object, ObjectProp, Value as Node};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::tokens::{Token, TokenAndRange};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};
use serde_json::Value;

/// What cannot be done with a file, and the byte at which.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub offset: usize,
}

/// Something of ours in a file.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The keys that lead to where it is.
    pub path: Vec<&'static str>,
    /// Its key in an object; without one it is an element of an array.
    pub key: Option<&'static str>,
    /// It itself.
    pub value: Value,
    /// How the commands in an element begin if it is ours, whatever else it says.
    pub command: String,
}

/// How an entry is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not at all.
    Absent,
    /// As it is to be.
    Current,
    /// As another version had it.
    Outdated,
    /// Somebody else's is in its place.
    Foreign,
}

type Outcome<T> = Result<T, Fault>;

/// A parsed file.
struct Parsed<'t> {
    text: &'t str,
    root: Option<Node<'t>>,
    tokens: Vec<TokenAndRange<'t>>,
}

/// The entries of an object or array, as ranges from key to value, and where the brackets are.
struct Container {
    range: Range,
    members: Vec<Range>,
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

/// How an entry is in a file of this text.
///
/// # Errors
///
/// When it is not JSON, or something else is where containers are expected.
pub fn state(text: &str, entry: &Entry) -> Outcome<State> {
    let parsed = Parsed::new(text)?;
    Ok(match parsed.find(entry)? {
        Found::Here { node, .. } if same(node, &entry.value) => State::Current,
        Found::Here { .. } if entry.key.is_some() => State::Foreign,
        Found::Here { .. } => State::Outdated,
        Found::Within(_) | Found::Missing { .. } => State::Absent,
    })
}

/// The text with the entry in it, as it is to be. What somebody else has in its place stays.
///
/// # Errors
///
/// As for [`state`].
pub fn insert(text: &str, entry: &Entry) -> Outcome<String> {
    let parsed = Parsed::new(text)?;
    if parsed.root.is_none() {
        let value = nested(&entry.path, leaf(entry));
        return Ok(format!("{text}{}", render(&value, "", "  ", "\n")));
    }
    Ok(match parsed.find(entry)? {
        Found::Here { node, .. } if entry.key.is_some() || same(node, &entry.value) => text.into(),
        Found::Here { node, .. } => {
            let range = node.range();
            let indent = parsed.indent_at(range.start);
            let new = render(&entry.value, indent, &parsed.unit(), parsed.line_end());
            splice(text, range.start..range.end, &new)
        }
        Found::Within(container) => parsed.add(&container, entry.key, &entry.value),
        Found::Missing { within, rest } => {
            let (key, below) = rest.split_first().unwrap_or((&"", &[]));
            parsed.add(&within, Some(key), &nested(below, leaf(entry)))
        }
    })
}

/// The text without the entry, and without what was made for it; `None` if the file itself was.
///
/// # Errors
///
/// As for [`state`].
pub fn remove(text: &str, entry: &Entry) -> Outcome<Option<String>> {
    let mut text = text.to_owned();
    loop {
        let parsed = Parsed::new(&text)?;
        if parsed.root.is_none() {
            return Ok(Some(text));
        }
        let Found::Here {
            node,
            at,
            container,
        } = parsed.find(entry)?
        else {
            return Ok(Some(text));
        };
        if entry.key.is_some() && !same(node, &entry.value) {
            return Ok(Some(text));
        }
        let cut = parsed.without(&container, at);
        let left = match container.members.len() {
            1 => collapse(cut, &entry.path)?,
            _ => Some(cut),
        };
        let Some(left) = left else {
            return Ok(None);
        };
        text = left;
    }
}

/// The text without what was made for an entry, now that the container at `path` is empty, from the
/// inside out; `None` if the file itself was made for it.
fn collapse(text: String, path: &[&str]) -> Outcome<Option<String>> {
    let parsed = Parsed::new(&text)?;
    let Some(container) = parsed.container(path) else {
        return Ok(Some(text));
    };
    let Range { start, end } = container.range;
    match parsed.empty_lines(&container) {
        0 => return Ok(Some(text)),
        1 => {}
        _ => {
            let first = start + 1..start + 1 + line_end_at(&text, start + 1);
            return Ok(Some(splice(&text, first, "")));
        }
    }
    let Some((key, above)) = path.split_last() else {
        let before = text.get(..start).unwrap_or_default();
        return Ok(match text.get(end..) {
            Some("\n") if before.is_empty() => None,
            Some("") => Some(before.to_owned()),
            _ => Some(text),
        });
    };
    let Some(Node::Object(outer)) = parsed.node(above) else {
        return Ok(Some(text));
    };
    let at = outer.properties.iter().position(|it| name(it) == *key);
    let next = parsed.without(&outer.into(), at.unwrap_or(0));
    match outer.properties.len() {
        1 => collapse(next, above),
        _ => Ok(Some(next)),
    }
}

enum Found<'p, 't> {
    /// It, or another one in its place: the member `at` of `container`.
    Here {
        node: &'p Node<'t>,
        at: usize,
        container: Container,
    },
    /// There is a container for it.
    Within(Container),
    /// The last container on the way, and the keys that it lacks.
    Missing {
        within: Container,
        rest: Vec<&'static str>,
    },
}

impl<'t> Parsed<'t> {
    fn new(text: &'t str) -> Outcome<Self> {
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

    fn find(&self, entry: &Entry) -> Outcome<Found<'_, 't>> {
        let mut node = self.root.as_ref();
        for (depth, key) in entry.path.iter().enumerate() {
            let object = object_at(node, entry.path.get(..depth).unwrap_or_default())?;
            node = member(object, key)?.map(|(_, property)| &property.value);
            if node.is_none() {
                return Ok(Found::Missing {
                    within: object.into(),
                    rest: entry.path.get(depth..).unwrap_or_default().to_vec(),
                });
            }
        }
        if let Some(key) = entry.key {
            let object = object_at(node, &entry.path)?;
            let found = member(object, key)?;
            return Ok(match found {
                Some((at, property)) => Found::Here {
                    node: &property.value,
                    at,
                    container: object.into(),
                },
                None => Found::Within(object.into()),
            });
        }
        let Some(Node::Array(array)) = node else {
            return Err(mismatch("an array", &entry.path, node));
        };
        let own = |node: &&Node| is_own(node, &entry.command);
        let at = array.elements.iter().position(|node| own(&node));
        let found = at.and_then(|at| Some((at, array.elements.get(at)?)));
        Ok(match found {
            Some((at, node)) => Found::Here {
                node,
                at,
                container: array.into(),
            },
            None => Found::Within(array.into()),
        })
    }

    fn node(&self, path: &[&str]) -> Option<&Node<'t>> {
        path.iter().try_fold(self.root.as_ref()?, |node, key| {
            let Node::Object(object) = node else {
                return None;
            };
            Some(&object.properties.iter().find(|it| name(it) == *key)?.value)
        })
    }

    fn container(&self, path: &[&str]) -> Option<Container> {
        match self.node(path)? {
            Node::Object(object) => Some(object.into()),
            Node::Array(array) => Some(array.into()),
            _ => None,
        }
    }

    /// The text with a new last member in a container.
    fn add(&self, container: &Container, key: Option<&str>, value: &Value) -> String {
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
    fn without(&self, container: &Container, at: usize) -> String {
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
    fn empty_lines(&self, container: &Container) -> usize {
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

    fn indent_at(&self, offset: usize) -> &'t str {
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
    fn unit(&self) -> String {
        let Some(Node::Object(root)) = &self.root else {
            return "  ".into();
        };
        let first = root.properties.first().map(|it| it.range.start);
        let indent = first.filter(|at| self.begins_line(*at));
        let indent = indent.map(|at| self.indent_at(at));
        let indent = indent.filter(|indent| !indent.is_empty());
        indent.unwrap_or("  ").to_owned()
    }

    fn line_end(&self) -> &'static str {
        let first = self.text.split_once('\n');
        match first {
            Some((line, _)) if line.ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }
}

fn object_at<'p, 't>(node: Option<&'p Node<'t>>, path: &[&str]) -> Outcome<&'p Object<'t>> {
    match node {
        Some(Node::Object(object)) => Ok(object),
        node => Err(mismatch("an object", path, node)),
    }
}

fn name<'p>(property: &'p ObjectProp) -> &'p str {
    property.name.as_str()
}

fn member<'p, 't>(
    object: &'p Object<'t>,
    key: &str,
) -> Outcome<Option<(usize, &'p ObjectProp<'t>)>> {
    let mut found = object.properties.iter().enumerate();
    let mut found = found.by_ref().filter(|(_, it)| name(it) == key);
    let first = found.next();
    match found.next() {
        Some((_, second)) => Err(Fault {
            message: format!("the key `{key}` is there twice"),
            offset: second.range.start,
        }),
        None => Ok(first),
    }
}

fn mismatch(expected: &str, path: &[&str], node: Option<&Node>) -> Fault {
    let what = match path {
        [] => "the file".to_owned(),
        path => format!("`{}`", path.join(".")),
    };
    Fault {
        message: format!("{what} is not {expected}"),
        offset: node.map_or(0, |node| node.range().start),
    }
}

/// Whether all commands of an element are ours; one without any is not.
fn is_own(node: &Node, command: &str) -> bool {
    fn commands<'n>(node: &'n Node, found: &mut Vec<&'n str>) {
        match node {
            Node::Array(array) => array.elements.iter().for_each(|it| commands(it, found)),
            Node::Object(object) => {
                for property in &object.properties {
                    let is_command = matches!(name(property), "command" | "bash" | "powershell");
                    match &property.value {
                        Node::StringLit(text) if is_command => found.push(&text.value),
                        value => commands(value, found),
                    }
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    commands(node, &mut found);
    let own = |text: &&str| {
        let rest = text.strip_prefix(command);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    !found.is_empty() && found.iter().all(own)
}

/// Whether what is there means the same.
fn same(node: &Node, value: &Value) -> bool {
    match (node, value) {
        (Node::StringLit(text), Value::String(other)) => text.value == other.as_str(),
        (Node::NumberLit(number), Value::Number(other)) => number.value == other.to_string(),
        (Node::BooleanLit(it), Value::Bool(other)) => it.value == *other,
        (Node::NullKeyword(_), Value::Null) => true,
        (Node::Array(array), Value::Array(others)) => {
            array.elements.len() == others.len()
                && array.elements.iter().zip(others).all(|(a, b)| same(a, b))
        }
        (Node::Object(object), Value::Object(others)) => {
            object.properties.len() == others.len()
                && object.properties.iter().all(|it| {
                    let other = others.get(name(it));
                    other.is_some_and(|other| same(&it.value, other))
                })
        }
        _ => false,
    }
}

fn leaf(entry: &Entry) -> Value {
    match entry.key {
        Some(key) => nested(&[key], entry.value.clone()),
        None => Value::Array(vec![entry.value.clone()]),
    }
}

fn nested(path: &[&str], value: Value) -> Value {
    path.iter().rev().fold(value, |value, key| {
        Value::Object([((*key).to_owned(), value)].into_iter().collect())
    })
}

/// A value over several lines, the first without its indentation. Short arrays of words take one.
fn render(value: &Value, indent: &str, unit: &str, end: &str) -> String {
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

fn line_end_at(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    if rest.starts_with("\r\n") {
        2
    } else {
        usize::from(rest.starts_with('\n'))
    }
}

fn splice(text: &str, range: std::ops::Range<usize>, new: &str) -> String {
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    [before, new, after].concat()
}

#[cfg(test)]
mod tests;
