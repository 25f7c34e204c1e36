//! JSON as text: where the values of an object stand, and splices that change one of them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Invalid;
use crate::document::edit::Splice;
use crate::document::span::Span;

const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The members of one object, in the order of the text. No key is there twice.
#[derive(Debug, Default)]
pub(super) struct Object<'t> {
    text: &'t str,
    span: Span,
    members: Vec<(String, Span)>,
}

impl<'t> Object<'t> {
    /// Reads the object that `span` covers, white space around it included.
    pub fn parse(text: &'t str, span: Span) -> Result<Self, Invalid> {
        let Members(found) = serde_json::from_str(span.of(text)).map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or(&message);
            Invalid {
                message: format!("this is not a JSON object: {message}"),
                position: Some((error.line().max(1), error.column().max(1))),
            }
        })?;
        let start = text.as_ptr().addr();
        let mut members: Vec<(String, Span)> = Vec::with_capacity(found.len());
        let mut keys = std::collections::HashSet::new();
        for (key, value) in found {
            let at = value.get().as_ptr().addr().saturating_sub(start);
            if !keys.insert(key.clone()) {
                let key: String = key.chars().take(40).collect();
                return Err(Invalid::new(format!("`{key}` is there twice")));
            }
            members.push((key, Span::new(at, at + value.get().len())));
        }
        let whole = span.of(text);
        let before = whole.len() - whole.trim_start_matches(SPACE).len();
        let end = span.start + whole.trim_end_matches(SPACE).len();
        Ok(Self {
            text,
            span: Span::new(span.start + before, end),
            members,
        })
    }

    fn span_of(&self, key: &str) -> Option<Span> {
        let member = self.members.iter().find(|(own, _)| own == key);
        member.map(|(_, span)| *span)
    }

    /// A value as it is written; null is none.
    pub fn raw(&self, key: &str) -> Option<&'t str> {
        let raw = self.span_of(key)?.of(self.text);
        (raw != "null").then_some(raw)
    }

    pub fn text(&self, key: &str) -> Result<Option<String>, Invalid> {
        let wrong = |_| Invalid::new(format!("`{key}` is not a text"));
        self.raw(key)
            .map(serde_json::from_str)
            .transpose()
            .map_err(wrong)
    }

    pub fn texts(&self, key: &str) -> Result<Vec<String>, Invalid> {
        let wrong = |_| Invalid::new(format!("`{key}` is not a list of texts"));
        let texts = self.raw(key).map(serde_json::from_str).transpose();
        Ok(texts.map_err(wrong)?.unwrap_or_default())
    }

    pub fn object(&self, key: &str) -> Result<Option<Self>, Invalid> {
        let Some(span) = self.span_of(key).filter(|_| self.raw(key).is_some()) else {
            return Ok(None);
        };
        if !span.of(self.text).starts_with('{') {
            return Err(Invalid::new(format!("`{key}` is not an object")));
        }
        Self::parse(self.text, span).map(Some)
    }

    /// What stands between two members: white space around a comma.
    fn separator(&self) -> String {
        if let [(_, first), _, ..] = self.members.as_slice() {
            let rest = Span::new(first.end, self.span.end).of(self.text);
            let after = rest.trim_start_matches(|c| c == ',' || SPACE.contains(&c));
            let separator = rest.get(..rest.len() - after.len());
            return separator.unwrap_or(",").to_owned();
        }
        let inside = Span::new(self.span.start + 1, self.span.end).of(self.text);
        let key = inside.trim_start_matches(SPACE);
        let space = inside.get(..inside.len() - key.len()).unwrap_or("");
        format!(",{space}")
    }

    /// What stands between a key and its value.
    fn colon(&self) -> &'t str {
        let first = self.members.first().map_or(0, |(_, span)| span.start);
        let before = Span::new(self.span.start, first).of(self.text);
        let key = before.trim_end_matches(|c| c == ':' || SPACE.contains(&c));
        before.get(key.len()..).unwrap_or(":")
    }

    /// The line break and indentation before a member; empty where they are all on one line.
    fn gap(&self) -> String {
        let separator = self.separator();
        let Some(at) = separator.rfind('\n') else {
            return String::new();
        };
        let before = separator.get(..at).unwrap_or("");
        let start = if before.ends_with('\r') { at - 1 } else { at };
        separator.get(start..).unwrap_or("").replace(',', "")
    }
}

/// The splice that gives the value at `path` another value; `None` if it has it. A member that is
/// missing goes behind those that come before it in `order`.
pub(super) fn set(
    text: &str,
    path: &[&str],
    value: &Value,
    order: &[&str],
) -> Result<Option<Splice>, Invalid> {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut object = Object::parse(text, Span::new(start, text.len()))?;
    let outermost = object.gap();
    let unit = outermost.trim_start_matches(['\r', '\n']).to_owned();
    let mut path = path;
    while let Some((key, rest)) = path.split_first() {
        let nested = || {
            let inner = rest.iter().rev();
            inner.fold(value.clone(), |value, key| json!({ *key: value }))
        };
        let gap = object.gap();
        let Some(span) = object.span_of(key) else {
            let rank = |key: &str| order.iter().position(|known| *known == key);
            let before =
                |(own, _): &&(String, Span)| rank(own).is_some_and(|own| Some(own) < rank(key));
            let behind = object.members.iter().rfind(before);
            let Some((_, behind)) = behind.or(object.members.last()) else {
                return Err(Invalid::new("an object is empty"));
            };
            let (separator, colon) = (object.separator(), object.colon());
            let new = format!(
                "{separator}{}{colon}{}",
                json!(key),
                written(&nested(), &gap, &unit)
            );
            return Ok(Some((Span::at(behind.end), new)));
        };
        match object.object(key) {
            Ok(Some(inner)) if !rest.is_empty() && !inner.members.is_empty() => {
                object = inner;
                path = rest;
            }
            _ => {
                let new = nested();
                let same = serde_json::from_str::<Value>(span.of(text));
                if same.is_ok_and(|old| old == new) {
                    return Ok(None);
                }
                return Ok(Some((span, written(&new, &gap, &unit))));
            }
        }
    }
    Ok(None)
}

/// The span without which a member of the outermost object is not there.
pub(super) fn remove(text: &str, key: &str) -> Result<Option<Span>, Invalid> {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let object = Object::parse(text, Span::new(start, text.len()))?;
    let Some(at) = object.members.iter().position(|(own, _)| own == key) else {
        return Ok(None);
    };
    let end = object.members.get(at).map_or(0, |(_, span)| span.end);
    let before = at.checked_sub(1).and_then(|at| object.members.get(at));
    if let Some((_, before)) = before {
        return Ok(Some(Span::new(before.end, end)));
    }
    // The first one goes with the separator behind it.
    let inside = Span::new(object.span.start + 1, end).of(text);
    let space = inside.len() - inside.trim_start_matches(SPACE).len();
    let rest = Span::new(end, object.span.end).of(text);
    let after = rest.trim_start_matches(|c| c == ',' || SPACE.contains(&c));
    let end = end + rest.len() - after.len();
    Ok(Some(Span::new(object.span.start + 1 + space, end)))
}

/// A value as it is written in an object whose members have `gap` before them.
fn written(value: &Value, gap: &str, unit: &str) -> String {
    if gap.is_empty() {
        return value.to_string();
    }
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(unit.as_bytes());
    // Writing values to memory does not fail.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter));
    // In JSON a line break within a text is escaped.
    String::from_utf8(bytes)
        .unwrap_or_default()
        .replace('\n', gap)
}

/// Keys with their values as they are written.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}
