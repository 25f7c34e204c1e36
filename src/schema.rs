//! JSON Schemas (draft 2020-12) of the two kinds of files that people write: for editors, and for
//! validators that do not know `agentsess`.
//!
//! Neither is written by hand. The configuration's comes from the types that read it, the
//! frontmatter's from the keys that the rules go by, and says what those rules report as errors. It
//! is about the value that a YAML reader hands over; one that makes dates of plain timestamps has
//! to be told not to.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::document::Status;
use crate::document::schema::{AGENT_KEYS, AGENT_STATUSES, KEYS, Key, ValueType};
use crate::document::time::RFC3339_PATTERN;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The characters that text may have and still be empty, as [`str::trim`] knows them. `\s` is
/// something else in every dialect of regular expressions.
const BLANK: &str = concat!(
    r"\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a",
    r"\u2028\u2029\u202f\u205f\u3000"
);

/// The schema of `agentsess.toml`.
pub fn config() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let schema = settings
        .with_transform(AsToml)
        .into_generator()
        .into_root_schema_for::<Config>();
    schema.to_value()
}

/// Takes away what Rust's types have and TOML does not: there is no null in it, one kind of number
/// serves all, and a table that is left out is the same as an empty one. Descriptions lose the line
/// breaks of the source and come first.
#[derive(Debug, Clone)]
struct AsToml;

impl Transform for AsToml {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(schema) = schema.as_object_mut() else {
            return;
        };
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".into(), only);
            }
        }
        if matches!(schema.get("default"), Some(Value::Null | Value::Object(_))) {
            schema.shift_remove("default");
        }
        let kind = schema.get("type").and_then(Value::as_str);
        if matches!(kind, Some("number" | "integer")) {
            schema.shift_remove("format");
        }
        if let Some(Value::String(text)) = schema.shift_remove("description") {
            let paragraphs = text.split("\n\n").map(|text| text.replace('\n', " "));
            let text = paragraphs.collect::<Vec<_>>().join("\n\n");
            schema.shift_insert(0, "description".into(), text.into());
        }
        for first in ["title", "$schema"] {
            if let Some(value) = schema.shift_remove(first) {
                schema.shift_insert(0, first.into(), value);
            }
        }
    }
}

/// The schema of a session's frontmatter.
pub fn session() -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".into(), DIALECT.into());
    schema.insert("title".into(), "Frontmatter of an agentsess session".into());
    schema.insert("type".into(), "object".into());
    schema.append(&mut keys(&[]));
    // Any single value is read as the text it is written as.
    let definitions = json!({
        "text": {
            "type": ["string", "number", "boolean"],
            "pattern": format!("[^{BLANK}]"),
        },
        "optional-text": { "type": ["string", "number", "boolean", "null"] },
        "timestamp": { "type": "string", "pattern": format!("^{RFC3339_PATTERN}$") },
        "optional-timestamp": {
            "type": ["string", "null"],
            "pattern": format!("^(?:[{BLANK}]*|{RFC3339_PATTERN})$"),
        },
        "blank-if-text": { "pattern": format!("^[{BLANK}]*$") },
    });
    schema.insert("$defs".into(), definitions);
    schema.into()
}

/// The keys of the map at `path`.
fn keys(path: &[&str]) -> Map<String, Value> {
    let keys = KEYS.iter().filter_map(|key| {
        let (name, parents) = key.path.split_last()?;
        (parents == path).then(|| (*name, key.required, value(key)))
    });
    members(keys)
}

fn members<'k>(keys: impl Iterator<Item = (&'k str, bool, Value)>) -> Map<String, Value> {
    let mut required = Vec::new();
    let mut properties = Map::new();
    for (name, is_required, value) in keys {
        if is_required {
            required.push(name);
        }
        properties.insert(name.into(), value);
    }
    let mut members = Map::new();
    if !required.is_empty() {
        members.insert("required".into(), required.into());
    }
    members.insert("properties".into(), properties.into());
    members
}

/// What a key may hold. An optional one may be left empty.
fn value(key: &Key) -> Value {
    let mut schema = match (key.value, key.required) {
        (ValueType::Status, _) => json!({ "enum": Status::ALL }),
        (ValueType::Text, true) => reference("text"),
        (ValueType::Text, false) => reference("optional-text"),
        (ValueType::Timestamp, true) => reference("timestamp"),
        (ValueType::Timestamp, false) => reference("optional-timestamp"),
        (ValueType::Texts, _) => json!({
            "type": ["array", "null", "string"],
            "items": reference("optional-text"),
            "$ref": "#/$defs/blank-if-text",
        }),
        (ValueType::Agents, _) => json!({ "type": ["array", "null"], "items": agent() }),
        (ValueType::Map, true) => json!({ "type": "object" }),
        (ValueType::Map, false) => json!({
            "type": ["object", "null", "string"],
            "$ref": "#/$defs/blank-if-text",
        }),
    };
    if let (ValueType::Map, Some(schema)) = (key.value, schema.as_object_mut()) {
        schema.append(&mut keys(key.path));
    }
    described(key.about, schema)
}

fn agent() -> Value {
    let keys = AGENT_KEYS.iter().map(|key| {
        let value = match (key.name, key.required) {
            ("status", _) => json!({ "enum": AGENT_STATUSES }),
            (_, true) => reference("text"),
            (_, false) => json!({}),
        };
        (key.name, key.required, described(key.about, value))
    });
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.append(&mut members(keys));
    schema.into()
}

fn reference(definition: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

fn described(about: &str, schema: Value) -> Value {
    let mut described = Map::new();
    described.insert("description".into(), about.into());
    if let Value::Object(mut schema) = schema {
        described.append(&mut schema);
    }
    described.into()
}
