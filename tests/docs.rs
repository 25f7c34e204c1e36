//! What the documents say is what the program does.
//!
//! References are generated from the program: `UPDATE_DOCS=1` writes them, and without it a test
//! fails where one is out of date.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use agentsess::cli::{Cli, GROUPS};
use agentsess::rules::RULES;
use agentsess::schema;
use clap::CommandFactory;
use serde_json::{Map, Value};

mod common;

const GENERATED: &str = "<!-- Generated: UPDATE_DOCS=1 cargo test --test docs -->";

fn path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Compares a generated file with what it should be, or writes it.
fn is_current(name: &str, expected: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path(name), expected).unwrap();
    }
    let actual = read(name);
    let same = actual
        .lines()
        .zip(expected.lines())
        .take_while(|(a, b)| a == b);
    assert!(
        actual == expected,
        "{name} is out of date from line {} on; UPDATE_DOCS=1 cargo test --test docs writes it",
        same.count() + 1
    );
}

#[test]
fn the_reference_of_rules_is_current() {
    let mut page = format!(
        "# Rules\n\n{GENERATED}\n\n\
         What `agentsess lint` reports, and why. `agentsess rule NAME` prints a chapter of this page,\n\
         `agentsess rule --all` all of them. Errors fail a check, warnings do not unless asked to. Rules\n\
         that are off are turned on by `lint.extend-select` in the [configuration](configuration.md) or\n\
         by `--extend-select`.\n\n\
         | code | rule | severity | fix | what is wrong |\n|---|---|---|---|---|\n"
    );
    for rule in RULES {
        let anchor = format!("{}-{}", rule.name, rule.code.to_lowercase());
        let off = if rule.default { "" } else { ", off" };
        let fix = if rule.has_fix() { "yes" } else { "" };
        writeln!(
            page,
            "| {} | [`{}`](#{anchor}) | {}{off} | {fix} | {} |",
            rule.code,
            rule.name,
            rule.severity,
            rule.summary().replace('|', "\\|")
        )
        .unwrap();
    }
    for rule in RULES {
        page += "\n";
        page += &rule.chapter(2);
    }
    is_current("docs/rules.md", &page);
}

#[test]
fn the_reference_of_commands_is_current() {
    let mut page = format!(
        "# Commands\n\n{GENERATED}\n\n\
         What `agentsess COMMAND --help` prints. The global options of `agentsess` itself hold for\n\
         every command and are not repeated.\n\n\
         | | command | what it does |\n|---|---|---|\n"
    );
    let mut root = Cli::command().term_width(100);
    let mut chapters = format!("\n## `agentsess`\n\n{}", help(&root));
    for (group, names) in GROUPS {
        let mut group = *group;
        for name in *names {
            let command = root.find_subcommand_mut(name).unwrap();
            let title = format!("agentsess {name}");
            let about = command.get_about().unwrap();
            writeln!(
                page,
                "| {group} | [`{name}`](#agentsess-{name}) | {about} |"
            )
            .unwrap();
            group = "";
            let command = command.clone().bin_name(&title).term_width(100);
            write!(chapters, "\n## `{title}`\n\n{}", help(&command)).unwrap();
            for nested in command.get_subcommands() {
                let title = format!("{title} {}", nested.get_name());
                let nested = nested.clone().bin_name(&title).term_width(100);
                write!(chapters, "\n### `{title}`\n\n{}", help(&nested)).unwrap();
            }
        }
    }
    is_current("docs/cli.md", &(page + &chapters));
}

/// The long help of a command as a block of text.
fn help(command: &clap::Command) -> String {
    let text = command.clone().render_long_help().to_string();
    let lines = text.trim_end().lines();
    let text = lines.fold(String::new(), |text, line| text + line.trim_end() + "\n");
    assert!(!text.contains("```"));
    format!("```text\n{text}```\n")
}

#[test]
fn the_published_schemas_are_current() {
    let project = common::Project::bare();
    for (of, schema) in [("session", schema::session()), ("config", schema::config())] {
        let printed = project.ok(&["schema", of]);
        is_current(&format!("docs/schemas/{of}.schema.json"), &printed);
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), schema);
    }
}

#[test]
fn the_table_of_settings_is_current() {
    let name = "docs/configuration.md";
    let mut table = String::from("| key | type | default | meaning |\n|---|---|---|---|\n");
    settings("", properties(&schema::config()), &mut table);
    let document = read(name);
    let (before, rest) = document.split_once("<!-- keys -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->\n").unwrap();
    is_current(
        name,
        &format!("{before}<!-- keys -->\n{table}<!-- end -->\n{after}"),
    );
}

#[test]
fn the_table_of_tools_is_current() {
    let name = "docs/mcp.md";
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{
        "io.modelcontextprotocol/protocolVersion":"2026-07-28",
        "io.modelcontextprotocol/clientCapabilities":{}}}}"#;
    let request = request.replace('\n', "");
    let answer = common::Project::bare().shell(&format!("echo '{request}' | agentsess mcp"));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let mut table = String::from("| tool | what it does | arguments |\n|---|---|---|\n");
    for tool in answer["result"]["tools"].as_array().unwrap() {
        let schema = &tool["inputSchema"];
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let arguments = properties(schema).keys().map(|key| {
            let bold = if required.contains(&key.as_str().into()) {
                "**"
            } else {
                ""
            };
            format!("{bold}`{key}`{bold}")
        });
        let arguments = arguments.collect::<Vec<_>>().join(", ");
        let word = |key: &str| tool[key].as_str().unwrap();
        let (tool, about) = (word("name"), word("description"));
        writeln!(table, "| `{tool}` | {about} | {arguments} |").unwrap();
    }
    let document = read(name);
    let (before, rest) = document.split_once("<!-- tools -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->\n").unwrap();
    is_current(
        name,
        &format!("{before}<!-- tools -->\n{table}<!-- end -->\n{after}"),
    );
}

fn properties(schema: &Value) -> &Map<String, Value> {
    schema["properties"].as_object().unwrap()
}

/// A row for every key of the table at `prefix`.
fn settings(prefix: &str, keys: &Map<String, Value>, table: &mut String) {
    for (name, schema) in keys {
        let name = format!("{prefix}{name}");
        if schema.get("properties").is_some() {
            settings(&format!("{name}."), properties(schema), table);
            continue;
        }
        let about = schema["description"].as_str();
        let about = about.unwrap_or_else(|| panic!("`{name}` has no doc comment"));
        assert!(!about.contains(['|', '\n']), "{name}: {about}");
        let default = schema.get("default").map(setting).unwrap_or_default();
        writeln!(
            table,
            "| `{name}` | {} | {default} | {about} |",
            kind(&name, schema)
        )
        .unwrap();
    }
}

/// A default as it would be written.
fn setting(value: &Value) -> String {
    match value {
        Value::Array(items) if items.is_empty() => String::new(),
        Value::Number(number) => format!("`{}`", number.as_f64().unwrap()),
        value => format!("`{}`", value.to_string().replace("\",\"", "\", \"")),
    }
}

/// What a key can hold, in words.
fn kind(name: &str, schema: &Value) -> String {
    let words = |words: &[Value], of: fn(&Value) -> &Value| {
        let words: Vec<_> = words.iter().map(|word| format!("`{}`", of(word))).collect();
        words.join(", ")
    };
    if let Some(values) = schema["enum"].as_array() {
        return words(values, |value| value);
    }
    if let Some(values) = schema["oneOf"].as_array() {
        return words(values, |value| &value["const"]);
    }
    match schema["type"].as_str() {
        Some("string") => "text".into(),
        Some("boolean") => "`true`, `false`".into(),
        Some("number" | "integer") => match (&schema["minimum"], &schema["maximum"]) {
            (Value::Number(low), Value::Number(high)) => format!(
                "number, {} to {}",
                low.as_f64().unwrap(),
                high.as_f64().unwrap()
            ),
            _ if schema["type"] == "integer" => "whole number".into(),
            _ => "number".into(),
        },
        Some("array") => format!(
            "list of {}",
            match kind(name, &schema["items"]).as_str() {
                "text" => "texts",
                other => other,
            }
        ),
        Some("object") => "table".into(),
        _ => panic!("there are no words for the type of `{name}`: {schema:#}"),
    }
}

#[test]
fn readme_names_every_command_and_the_two_that_do_everything() {
    let readme = read("README.md");
    for command in [
        "new", "log", "show", "list", "close", "set", "done", "task", "decide", "block", "unblock",
        "pause", "use", "edit", "link", "template", "doctor", "handoff", "resume", "restore",
        "lint", "rule", "schema", "adopt", "run", "runs", "trust", "init", "hook",
    ] {
        let mut rows = readme.lines().filter(|line| line.starts_with("| "));
        let first = |row: &str| row.split('|').nth(1).unwrap_or("").to_owned();
        let named = rows.any(|row| first(row).contains(&format!("`{command}`")));
        assert!(named, "{command}");
    }
    for page in [
        "rules",
        "cli",
        "configuration",
        "format",
        "json",
        "templates",
        "planning",
        "close",
        "handoff",
        "agents",
        "runs",
    ] {
        assert!(readme.contains(&format!("](docs/{page}.md)")), "{page}");
    }
    assert!(readme.contains("```sh\ncargo test --locked\n```"));
    assert!(read(".ci/run").contains("\nstep cargo test --locked "));
}
