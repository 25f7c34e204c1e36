//! Runs the specs in `tests/rules/`, one Markdown file a rule. Their format is described in
//! `tests/rules/README.md`. With `UPDATE_SPECS=1` the expected blocks are rewritten; read them
//! before you commit them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use agentsess::config;
use agentsess::document::Source;
use agentsess::document::time::parse_rfc3339;
use agentsess::lint::{Project, RULES, Rule, Safety, Settings, check_all, fix, is_fixable};
use agentsess::render::{diff, full, summary};
use agentsess::store::{self, Place, Store};

mod common;

const NAME: &str = "20251204-143000-weather.md";
const NOW: &str = "2025-12-04T16:00:00Z";

/// What `frontmatter` and `body` inputs are completed with.
const FRONTMATTER: &str = "\
session:
  title: \"Weather\"
  status: in_progress
  created: \"2025-12-04T14:30:00Z\"
  last_updated: \"2025-12-04T14:30:00Z\"
orchestration:
  current_task: \"Test\"
";
const BODY: &str = "\
# Session: Weather

## Context

Nightly outages.

## Current State

Not begun.

## Next Steps

- Begin
";

/// A fenced block of a spec.
struct Block<'a> {
    info: &'a str,
    content: String,
    /// The lines of the content in the spec.
    lines: std::ops::Range<usize>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules")
}

fn blocks(spec: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut open: Option<(&str, Block<'_>)> = None;
    for (number, line) in spec.lines().enumerate() {
        if let Some((fence, block)) = &mut open {
            if line.trim_end() == *fence {
                block.lines.end = number;
                found.extend(open.take().map(|(_, block)| block));
            } else {
                block.content.push_str(line);
                block.content.push('\n');
            }
        } else if line.starts_with("```") {
            let info = line.trim_start_matches('`');
            let fence = &line[..line.len() - info.len()];
            let block = Block {
                info,
                content: String::new(),
                lines: number + 1..number + 1,
            };
            open = Some((fence, block));
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    found
}

/// Resolves `\r`, `\t`, `\\`, `\xNN` and `\u{N}`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend(before.as_bytes());
        let hex = |digits| u32::from_str_radix(digits, 16).expect("hexadecimal digits");
        rest = match after.as_bytes()[0] {
            b'r' | b't' | b'\\' => {
                bytes.push(match after.as_bytes()[0] {
                    b'r' => b'\r',
                    b't' => b'\t',
                    _ => b'\\',
                });
                &after[1..]
            }
            b'x' => {
                bytes.push(u8::try_from(hex(&after[1..3])).expect("two digits"));
                &after[3..]
            }
            b'u' => {
                let (digits, rest) = after[2..].split_once('}').expect("`}`");
                let c = char::from_u32(hex(digits)).expect("a character");
                bytes.extend(c.to_string().as_bytes());
                rest
            }
            other => panic!("unknown escape {}", char::from(other)),
        };
    }
    bytes.extend(rest.as_bytes());
    bytes
}

/// Everything about one input.
#[derive(Default)]
struct Case {
    config: Option<String>,
    /// Other files of the repository; without any, nothing is known but the session.
    files: Vec<(String, String)>,
    info: String,
    content: String,
}

/// What came of it.
struct Outcome {
    diagnostics: String,
    /// Whether the rule of the spec is among the findings.
    fired: bool,
    /// What its fixes change, and how safe they are.
    fix: Option<(Safety, String)>,
}

/// Lints one input the way the command does.
fn lint(case: Case, rule: &'static Rule) -> Outcome {
    let Case {
        config,
        files,
        info,
        content,
    } = case;
    let mut words = info.split_whitespace();
    let mut text = match words.next() {
        Some("session") => content,
        Some("frontmatter") => format!("---\n{content}---\n\n{BODY}"),
        Some("body") => format!("---\n{FRONTMATTER}---\n\n{content}"),
        other => panic!("unknown input {other:?}"),
    }
    .into_bytes();
    let mut name = NAME;
    let mut branch = None;
    let mut now = parse_rfc3339(NOW).unwrap();
    for word in words {
        match word.split_once('=') {
            Some(("name", value)) => name = value,
            Some(("now", value)) => now = parse_rfc3339(value).expect("a time"),
            Some(("branch", value)) => branch = Some(value),
            None if word == "escapes" => text = unescaped(std::str::from_utf8(&text).unwrap()),
            _ => panic!("unknown setting {word}"),
        }
    }
    let repository = common::Project::bare();
    if let Some(branch) = branch {
        repository.git_run(&["init", "-q", "-b", branch]);
    }
    for (path, content) in &files {
        repository.write(path, content);
    }
    if let Some(config) = &config {
        repository.write(config::FILE, config);
    }
    let store = Store::open(&Place {
        directory: Some(repository.root.clone()),
        ..Place::default()
    })
    .unwrap();
    let project = Project::new(&store);
    let known = branch.is_some() || !files.is_empty();
    let mut rules: Vec<_> = Settings::new(&store.config, now.at).rules.to_vec();
    if !rule.default {
        rules.push(rule);
    }
    let settings = Settings {
        rules: &rules,
        project: known.then_some(&project),
        ..Settings::new(&store.config, now.at)
    };
    let path = store.sessions.join(name);
    let read = |other: &Path| {
        if other == path {
            Ok(text.clone())
        } else {
            store::read(other)
        }
    };
    let mut report = check_all(std::slice::from_ref(&path), read, settings);
    assert!(report.unreadable.is_empty());
    let own: Vec<_> = report
        .findings()
        .filter(|(_, finding)| finding.rule.code == rule.code)
        .map(|(_, finding)| finding.clone())
        .collect();
    let safety = own
        .iter()
        .filter_map(|finding| Some(finding.fix.as_ref()?.safety))
        .max();
    let source = Source::new(text.clone());
    let fix = safety.map(|safety| {
        let fixed = fix(name, &source, settings, |finding| {
            finding.rule.code == rule.code && is_fixable(finding, safety)
        });
        let fixed = fixed.map_or(text.clone(), |fixed| fixed.bytes);
        let diff = diff([Path::new(name); 2], &source, &Source::new(fixed));
        let changes = diff.lines().skip(2).map(str::trim_end);
        (
            safety,
            changes.fold(String::new(), |all, line| all + line + "\n"),
        )
    });
    for file in &mut report.files {
        file.path = name.into();
    }
    let mut out = Vec::new();
    full(&report, &mut anstream::StripStream::new(&mut out)).unwrap();
    out.extend(format!("{}\n", summary(&report)).into_bytes());
    let output = String::from_utf8(out).expect("UTF-8");
    let lines = output.lines().map(str::trim_end);
    Outcome {
        diagnostics: lines.fold(String::new(), |text, line| text + line + "\n"),
        fired: !own.is_empty(),
        fix,
    }
}

/// Runs one spec; the result is the spec with the diagnostics and changes as they are.
fn run(rule: &'static Rule, spec: &str) -> (String, Vec<bool>) {
    let mut lines: Vec<String> = spec.lines().map(String::from).collect();
    let mut case = Case::default();
    let mut fired = Vec::new();
    let mut replaced = Vec::new();
    let mut fix: Option<(usize, Safety, String)> = None;
    let told = |fix: Option<(usize, Safety, String)>, replaced: &mut Vec<_>| {
        if let Some((line, safety, changes)) = fix {
            let block = format!("\n```diff {}\n{changes}```\n", word(safety));
            replaced.push((line..line, block));
        }
    };
    for block in blocks(spec) {
        if let Some(path) = block.info.strip_prefix("file ") {
            case.files.push((path.to_owned(), block.content));
            continue;
        }
        if let Some(safety) = block.info.strip_prefix("diff ") {
            let (_, expected, changes) = fix.take().expect("a fix above");
            assert_eq!(safety, word(expected), "{}", rule.name);
            replaced.push((block.lines, changes));
            continue;
        }
        told(fix.take(), &mut replaced);
        match block.info {
            "toml" => case.config = Some(block.content),
            "diagnostics" => {
                assert!(!case.info.is_empty(), "diagnostics without an input");
                let outcome = lint(std::mem::take(&mut case), rule);
                fired.push(outcome.fired);
                let behind = block.lines.end + 1;
                fix = outcome.fix.map(|(safety, text)| (behind, safety, text));
                replaced.push((block.lines, outcome.diagnostics));
            }
            info => {
                assert!(case.info.is_empty(), "an input without diagnostics");
                case.info = info.to_owned();
                case.content = block.content;
            }
        }
    }
    told(fix, &mut replaced);
    assert!(case.info.is_empty(), "an input without diagnostics");
    for (range, actual) in replaced.into_iter().rev() {
        lines.splice(range, actual.lines().map(String::from));
    }
    (lines.join("\n") + "\n", fired)
}

fn word(safety: Safety) -> &'static str {
    match safety {
        Safety::Safe => "safe",
        Safety::Unsafe => "unsafe",
    }
}

/// The lines that differ, with a little of what is around them.
fn difference(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let mut output = String::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if old.get(i) == new.get(j) {
            i += 1;
            j += 1;
            continue;
        }
        // The nearest pair of equal lines ends the difference.
        let end = (0..(old.len() - i) + (new.len() - j))
            .flat_map(|sum| (0..=sum).map(move |a| (a, sum - a)))
            .find(|&(a, b)| old.get(i + a).is_some() && old.get(i + a) == new.get(j + b))
            .unwrap_or((old.len() - i, new.len() - j));
        let _ = writeln!(output, "@@ line {} @@", i + 1);
        for line in &old[i..i + end.0] {
            let _ = writeln!(output, "- {line}");
        }
        for line in &new[j..j + end.1] {
            let _ = writeln!(output, "+ {line}");
        }
        i += end.0;
        j += end.1;
    }
    output
}

#[test]
fn specs_hold() {
    let mut failures = String::new();
    for rule in RULES {
        let path = folder().join(format!("{}.md", rule.name));
        let Ok(spec) = fs::read_to_string(&path) else {
            let _ = writeln!(failures, "{} has no spec", rule.name);
            continue;
        };
        let title = format!("# {}\n", rule.name);
        assert!(spec.starts_with(&title), "{} has another title", rule.name);
        let (actual, fired) = run(rule, &spec);
        if !fired.contains(&true) || !fired.contains(&false) {
            let _ = writeln!(
                failures,
                "{} must fire in one case and not in another",
                rule.name
            );
        }
        let documented = rule.has_fix();
        if documented != actual.contains("\n```diff ") {
            let _ = writeln!(
                failures,
                "{}: a fix is shown in the spec if and only if the rule describes it",
                rule.name
            );
        }
        if actual != spec {
            if std::env::var_os("UPDATE_SPECS").is_some() {
                fs::write(&path, actual).expect("the spec can be written");
            } else {
                let _ = writeln!(
                    failures,
                    "tests/rules/{}.md\n{}",
                    rule.name,
                    difference(&spec, &actual)
                );
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn every_spec_has_a_rule() {
    for file in fs::read_dir(folder()).expect("the folder of specs") {
        let path = file.expect("an entry").path();
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a name");
        let known = RULES.iter().any(|rule| rule.name == name);
        assert!(known || name == "README", "{name} is not a rule");
    }
}
