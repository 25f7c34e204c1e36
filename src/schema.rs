//! JSON Schemas (draft 2020-12) of the two kinds of files that people write: for editors, and for
//! validators that do not know `agentsess`.
//!
//! Neither is written by hand. The configuration's comes from the types that read it, the
//! frontmatter's from the keys that the rules go by, and says what those rules report as errors. It
//! is about the value that a YAML reader hands over; one that makes dates of plain timestamps has
//! to be told not to.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
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

/// The schema of the arguments of a tool: an object of plain types, for what is left out need not be
/// null.
pub fn arguments<T: JsonSchema>() -> Map<String, Value> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let schema = settings.with_transform(Words).with_transform(AsToml);
    let mut schema = object(schema.into_generator().into_root_schema_for::<T>());
    schema.retain(|key, _| key != "title" && key != "description");
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Map::values_mut) {
        let plain = [Some(json!(false)), Some(json!([]))];
        if let Some(property) = property.as_object_mut()
            && plain.contains(&property.get("default").cloned())
        {
            property.shift_remove("default");
        }
    }
    schema.entry("properties").or_insert_with(|| json!({}));
    schema
}

/// The schema of what a tool answers: an object, whatever else it may be.
pub fn answer<T: JsonSchema>() -> Map<String, Value> {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let schema = settings.with_transform(Words).with_transform(Terse);
    let mut schema = object(schema.into_generator().into_root_schema_for::<T>());
    schema.insert("type".into(), "object".into());
    schema
}

fn object(schema: Schema) -> Map<String, Value> {
    match schema.to_value() {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

/// Makes a list of words of a choice between them, each of which says what it means.
#[derive(Debug, Clone)]
struct Words;

impl Transform for Words {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let choices = schema.get("oneOf").and_then(Value::as_array);
        let word = |choice: &Value| choice.get("const").cloned();
        let words =
            choices.and_then(|choices| choices.iter().map(word).collect::<Option<Vec<_>>>());
        let Some(words) = words else {
            return;
        };
        schema.remove("oneOf");
        schema.insert("type".into(), "string".into());
        schema.insert("enum".into(), words.into());
    }
}

/// Takes away what a client reads at every start and needs for nothing, for what the fields are is
/// documented with `--json`; and says in two schemas what may be null, because some clients know
/// only one type each.
#[derive(Debug, Clone)]
struct Terse;

impl Transform for Terse {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        for key in ["title", "description", "format", "minimum"] {
            schema.remove(key);
        }
        let types = schema.get("type").and_then(Value::as_array);
        if let Some([kind, Value::String(null)]) = types.map(Vec::as_slice)
            && null == "null"
        {
            let kind = kind.clone();
            schema.insert("type".into(), kind);
            let value = std::mem::take(schema).to_value();
            let either = json!([value, { "type": "null" }]);
            schema.insert("anyOf".into(), either);
        }
    }
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
