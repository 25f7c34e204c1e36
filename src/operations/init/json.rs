//! Entries in JSON files that belong to others: put in at one place and taken out of it again, every
//! other byte as it was. Comments and trailing commas are read.
//!
//! Nothing is remembered about what a file was like before. What is put in begins with a line end,
//! and what was there is told from what was made by how a container that is left empty ends: one that
//! was made for an entry has one line end before its bracket; one that was there and would look the
//! same is given one more.

mod text;

use jsonc_parser::ast::{Object, ObjectProp, Value as Node};
use jsonc_parser::common::{Range, Ranged};
use serde_json::Value;

use text::{Container, Parsed, line_end_at, name, render, splice};

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
    /// What is in the commands of an element that does the same, whoever put it there.
    pub command: String,
}

/// How an entry is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not at all.
    Absent,
    /// As it is to be.
    Current,
    /// Somebody else's is in its place, or ours with something of theirs.
    Foreign,
}

type Outcome<T> = Result<T, Fault>;

/// How an entry is in a file of this text.
///
/// # Errors
///
/// When it is not JSON, or something else is where containers are expected.
pub fn state(text: &str, entry: &Entry) -> Outcome<State> {
    let parsed = Parsed::new(text)?;
    Ok(match parsed.find(entry)? {
        Found::Here { node, .. } if is_own(node, entry) => State::Current,
        Found::Here { .. } => State::Foreign,
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
        Found::Here { .. } => text.into(),
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
        if !is_own(node, entry) {
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
        let place = |is: &dyn Fn(&Node) -> bool| array.elements.iter().position(is);
        let at = place(&|node| is_own(node, entry))
            .or_else(|| place(&|node| does(node, &entry.command)));
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
}

fn object_at<'p, 't>(node: Option<&'p Node<'t>>, path: &[&str]) -> Outcome<&'p Object<'t>> {
    match node {
        Some(Node::Object(object)) => Ok(object),
        node => Err(mismatch("an object", path, node)),
    }
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

/// Whether an entry is ours: under a key if it says the same, in an array if it runs the same, for
/// what else is set there somebody may have set.
fn is_own(node: &Node, entry: &Entry) -> bool {
    if entry.key.is_some() {
        return same(node, &entry.value);
    }
    let own = render(&entry.value, "", "", "\n");
    let own = Parsed::new(&own).ok().and_then(|it| it.root);
    let own = own.as_ref().map(commands).unwrap_or_default();
    !own.is_empty() && commands(node) == own
}

/// Whether an element runs this, among others or in another way.
fn does(node: &Node, command: &str) -> bool {
    commands(node).iter().any(|it| it.contains(command))
}

/// The commands in an element, in their order.
fn commands(node: &Node) -> Vec<String> {
    match node {
        Node::Array(array) => array.elements.iter().flat_map(commands).collect(),
        Node::Object(object) => {
            let of = |property: &ObjectProp| match &property.value {
                Node::StringLit(text) if COMMANDS.contains(&name(property)) => {
                    vec![text.value.to_string()]
                }
                value => commands(value),
            };
            object.properties.iter().flat_map(of).collect()
        }
        _ => Vec::new(),
    }
}

/// The keys that hold commands.
const COMMANDS: [&str; 3] = ["command", "bash", "powershell"];

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

#[cfg(test)]
mod tests;
