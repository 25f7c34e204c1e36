//! The schemas say what the program says.
//!
//! `tests/schema/rules.json` names the rules that the session's schema expresses. `tests/schema/run`
//! asks the same of a validator and a YAML reader that others wrote.

mod support;

use std::collections::BTreeMap;
use std::fs;

use agentsess::config::{self, Config};
use agentsess::document::schema::{AGENT_KEYS, KEYS};
use agentsess::document::yaml::{Kind, Node};
use agentsess::document::{Document, Fences, Source};
use agentsess::lint::{self, Family, Settings, Severity};
use agentsess::rules::RULES;
use agentsess::schema;
use jsonschema::Validator;
use serde_json::{Value, json};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    expressed: Vec<String>,
    /// With the reason.
    not_expressed: BTreeMap<String, String>,
    /// With the reason.
    fixtures_left_out: BTreeMap<String, String>,
}

impl Coverage {
    fn read() -> Self {
        serde_json::from_str(include_str!("schema/rules.json")).unwrap()
    }

    /// The errors that `lint` reports and the schema expresses.
    fn errors(&self, name: &str, source: &Source) -> Vec<String> {
        let config = Config::default();
        let settings = Settings::new(&config, chrono::DateTime::UNIX_EPOCH);
        let found = lint::check(name, source, settings).into_iter();
        found
            .filter(|finding| finding.severity == Severity::Error)
            .filter(|finding| self.expressed.iter().any(|name| name == finding.rule.name))
            .map(|finding| format!("{}: {}", finding.rule.name, finding.message))
            .collect()
    }
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::meta::validate(schema).unwrap();
    jsonschema::draft202012::new(schema).unwrap()
}

/// Fails unless lint finds errors exactly where the schema does.
fn compare(name: &str, of_lint: &[String], schema: &Validator, instance: &Value) {
    let of_schema: Vec<_> = schema
        .iter_errors(instance)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(
        of_lint.is_empty(),
        of_schema.is_empty(),
        "{name}\nlint: {of_lint:#?}\nschema: {of_schema:#?}\n{instance:#}"
    );
}

#[test]
fn each_error_about_frontmatter_is_expressed_or_has_a_reason_not_to_be() {
    let coverage = Coverage::read();
    let mut named: Vec<_> = coverage.expressed.iter().collect();
    named.extend(coverage.not_expressed.keys());
    named.sort();
    let errors = RULES
        .iter()
        .filter(|rule| rule.family == Family::Frontmatter && rule.severity == Severity::Error);
    let mut errors: Vec<_> = errors.map(|rule| rule.name).collect();
    errors.sort_unstable();
    assert_eq!(named, errors);
}

#[test]
fn the_session_schema_and_lint_agree_on_every_fixture() {
    let coverage = Coverage::read();
    let schema = validator(&schema::session());
    let (mut valid, mut invalid, mut left_out) = (0, 0, Vec::new());
    let fixtures = support::fixtures("good").into_iter();
    for (name, bytes) in fixtures.chain(support::fixtures("bad")) {
        let source = Source::new(bytes);
        let document = Document::parse(&source);
        let front = &document.frontmatter;
        if front.fences != Fences::Closed || front.error.is_some() || !front.duplicates.is_empty() {
            continue;
        }
        if front.root.as_ref().is_some_and(has_alias) {
            left_out.push(name);
            continue;
        }
        let instance = serde_yaml::from_str(front.content.of(document.text))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        compare(&name, &coverage.errors(&name, &source), &schema, &instance);
        if schema.is_valid(&instance) {
            valid += 1;
        } else {
            invalid += 1;
        }
    }
    assert!(
        valid > 40 && invalid > 10,
        "{valid} valid, {invalid} invalid"
    );
    assert!(
        left_out.iter().eq(coverage.fixtures_left_out.keys()),
        "{left_out:?}"
    );
}

fn has_alias(node: &Node<'_>) -> bool {
    match &node.kind {
        Kind::Alias => true,
        Kind::Scalar { .. } => false,
        Kind::Seq { items, .. } => items.iter().any(has_alias),
        Kind::Map { entries, .. } => entries
            .iter()
            .any(|entry| has_alias(&entry.key) || has_alias(&entry.value)),
    }
}

#[test]
fn the_session_schema_and_lint_agree_on_every_kind_of_value_of_every_key() {
    let agent = json!({ "agent": "pm", "task": "Plan", "status": "pending", "summary": "-" });
    let base = json!({
        "session": {
            "title": "T", "status": "paused",
            "created": "2025-12-04T14:30:00Z", "last_updated": "2025-12-04T14:30:00Z",
            "source": {},
        },
        "orchestration": { "current_task": "T", "spawned_agents": [agent], "handoff": {} },
        "planning": { "backlog": {} },
    });
    let values = [
        json!(null),
        json!(""),
        json!(" \t\n"),
        json!("\u{85}\u{2003}\u{3000}"),
        json!("\u{feff}"),
        json!("\u{1c}"),
        json!("text"),
        json!("null"),
        json!("~"),
        json!("42"),
        json!(42),
        json!(-1.5),
        json!(true),
        json!([]),
        json!({}),
        json!([[]]),
        json!([null]),
        json!([""]),
        json!([7, "a", true]),
        json!([{}]),
        json!({ "a": [] }),
        json!([agent]),
        json!("pending"),
        json!("in_progress"),
        json!("completed"),
        json!("paused "),
        json!("Paused"),
        json!("2025-12-04T14:30:00Z"),
        json!("2025-12-04T14:30:00.25+01:00"),
        json!("2024-02-29T00:00:00Z"),
        json!("2025-02-29T00:00:00Z"),
        json!("2025-12-04"),
        json!("2025-12-04 14:30:00Z"),
        json!("2025-12-04T14:30:00Z\n"),
        json!(" 2025-12-04T14:30:00Z"),
    ];
    let mut pointers: Vec<_> = KEYS
        .iter()
        .map(|key| format!("/{}", key.path.join("/")))
        .collect();
    let agents = "/orchestration/spawned_agents/0";
    pointers.extend(
        AGENT_KEYS
            .iter()
            .map(|key| format!("{agents}/{}", key.name)),
    );
    pointers.extend(["/unknown", "/session/unknown", agents].map(String::from));

    let schema = validator(&schema::session());
    let coverage = Coverage::read();
    let judge = |what: &str, instance: &Value| {
        // JSON is YAML, as long as it is ASCII: YAML takes some other characters for line breaks.
        let yaml = instance
            .to_string()
            .chars()
            .fold(String::new(), |text, c| match c {
                ' '..='~' => text + c.encode_utf8(&mut [0; 4]),
                _ => text + &format!("\\u{:04x}", u32::from(c)),
            });
        let name = "20251204-143000-t.md";
        let source = Source::new(format!("---\n{yaml}\n---\n").into());
        let document = Document::parse(&source);
        assert_eq!(document.frontmatter.error, None, "{yaml}");
        compare(what, &coverage.errors(name, &source), &schema, instance);
    };
    judge("the base", &base);
    assert!(schema.is_valid(&base));
    for pointer in pointers {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut instance = base.clone();
        match instance.pointer_mut(parent).unwrap() {
            Value::Object(map) => drop(map.remove(name)),
            list => *list = json!([]),
        }
        judge(&format!("without {pointer}"), &instance);
        for value in &values {
            let mut instance = base.clone();
            match instance.pointer_mut(parent).unwrap() {
                Value::Object(map) => drop(map.insert(name.into(), value.clone())),
                list => *list = json!([value]),
            }
            judge(&pointer, &instance);
        }
    }
    for value in &values {
        judge("the whole", value);
    }
}

#[test]
fn the_configuration_schema_and_the_program_agree() {
    let schema = validator(&schema::config());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(config::FILE);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let documentation = include_str!("../docs/configuration.md");
    let example = documentation.split("```toml\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let accepted = [
        "",
        example,
        "lock-timeout = 0",
        "lock-timeout = 3600.0",
        "[linear]\n[sections]\n[items]\n[close]",
        "sections.required = []",
        "[lint]\nselect = ['all']\nfail-on = 'warning'\nstale-days = 0",
        "close.decisions = 'docs/..adr/...'",
        "close.decisions = ''",
    ];
    let refused = [
        "lock-timeout = -0.1",
        "lock-timeout = 3600.1",
        "lock-timeout = '10'",
        "lock-timeouts = 10",
        "linear = 'acme'",
        "linear.workspace = 1",
        "linear.team = 'a'",
        "sections.required = 'Context'",
        "sections.required = [1]",
        "items.id-patterns = [['a']]",
        "lint.select = 'all'",
        "lint.fail-on = 'never'",
        "lint.stale-days = -1",
        "lint.stale-days = 0.5",
        "close.decisions = '/docs'",
        "close.decisions = '..'",
        "close.decisions = 'docs/../..'",
        "close.decisions = 'docs/..'",
        "close.decision = 'docs'",
    ];
    for (toml, expected) in accepted
        .map(|toml| (toml, true))
        .into_iter()
        .chain(refused.map(|toml| (toml, false)))
    {
        fs::write(&file, toml).unwrap();
        let loaded = Config::load(folder.path());
        assert_eq!(loaded.is_ok(), expected, "{toml}: {loaded:?}");
        let instance: Value = toml::from_str(toml).unwrap();
        assert_eq!(schema.is_valid(&instance), expected, "{toml}");
    }
}
