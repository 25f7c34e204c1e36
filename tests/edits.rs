//! An edit changes the bytes it names and no others, whatever the document.
//!
//! What must hold after an edit is worked out here a second time, by other means than the crate
//! uses: `serde_yaml` reads the frontmatter, a walk of its own finds the sections, and the rest is
//! a comparison of bytes.

#![expect(clippy::format_collect, reason = "short, and fast enough for a test")]

use agentsess::document::time::{Timestamp, format_minute, parse_rfc3339};
use agentsess::document::{Agent, Document, Edit, EditError, Fences, Scalar, Source};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_yaml::Value;

#[path = "support/generated.rs"]
mod generated;
mod support;

use generated::{any_fixture, cases, document, pick};

/// An edit that owns what it says.
#[derive(Debug, Clone)]
enum Change {
    Set(Vec<String>, String),
    Word(Vec<String>, String),
    Remove(Vec<String>),
    Include(Vec<String>, String),
    AddAgent(String, String, Option<String>),
    SetAgent(usize, String, String),
    Title(String),
    Replace(String, String),
    Append(String, String),
    Check(usize, bool),
    Log(String, String, String),
}

fn at() -> Timestamp {
    parse_rfc3339("2026-01-02T03:04:05Z").unwrap().at
}

fn borrowed(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

fn apply(bytes: &[u8], change: &Change) -> Result<Vec<u8>, EditError> {
    let source = Source::new(bytes.to_vec());
    let document = Document::parse(&source);
    match change {
        Change::Set(path, value) => document.apply(&[Edit::Set {
            path: &borrowed(path),
            value: Scalar::Text(value),
        }]),
        Change::Word(path, value) => document.apply(&[Edit::Set {
            path: &borrowed(path),
            value: Scalar::Word(value),
        }]),
        Change::Remove(path) => document.apply(&[Edit::Remove {
            path: &borrowed(path),
        }]),
        Change::Include(path, text) => document.apply(&[Edit::Include {
            path: &borrowed(path),
            text,
        }]),
        Change::AddAgent(agent, task, summary) => document.apply(&[Edit::AddAgent(Agent {
            agent,
            task,
            status: "pending",
            summary: summary.as_deref(),
        })]),
        Change::SetAgent(at, key, value) => document.apply(&[Edit::SetAgent {
            at: *at,
            key,
            value: Scalar::Text(value),
        }]),
        Change::Title(title) => document.apply(&[Edit::Title(title)]),
        Change::Replace(section, text) => document.apply(&[Edit::Replace { section, text }]),
        Change::Append(section, text) => document.apply(&[Edit::Append { section, text }]),
        Change::Check(item, done) => document.apply(&[Edit::Check {
            item: *item,
            done: *done,
        }]),
        Change::Log(agent, action, text) => document.apply(&[Edit::Log {
            at: at(),
            agent,
            action,
            text,
        }]),
    }
}

fn set(path: &str, value: &str) -> Change {
    Change::Set(split(path), value.into())
}

fn remove(path: &str) -> Change {
    Change::Remove(split(path))
}

fn include(path: &str, text: &str) -> Change {
    Change::Include(split(path), text.into())
}

fn split(path: &str) -> Vec<String> {
    path.split('.').map(String::from).collect()
}

fn replace(section: &str, text: &str) -> Change {
    Change::Replace(section.into(), text.into())
}

fn append(section: &str, text: &str) -> Change {
    Change::Append(section.into(), text.into())
}

fn log(text: &str) -> Change {
    Change::Log("dev".into(), "note".into(), text.into())
}

fn agent(name: &str) -> Change {
    Change::AddAgent(name.into(), "Look into it".into(), None)
}

// What the tests know about a document, found without the crate's help.

/// A document as the oracle sees it.
struct Seen {
    text: String,
    /// The YAML between the fences.
    yaml: Option<(usize, usize)>,
    /// Every heading of level 1 to 3 that structures the body: level, title, start of its line.
    headings: Vec<(u8, String, usize)>,
}

impl Seen {
    fn new(bytes: &[u8]) -> Self {
        let text: String = bytes
            .utf8_chunks()
            .map(|chunk| format!("{}{}", chunk.valid(), "?".repeat(chunk.invalid().len())))
            .collect();
        assert_eq!(text.len(), bytes.len());
        let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let mut offset = start;
        let mut fences = Vec::new();
        for line in lines(&text[start..]) {
            let fence = line.trim_end() == "---";
            if offset == start && !fence {
                break;
            }
            if fence && fences.len() < 2 {
                fences.push((offset, offset + line.len()));
            }
            offset += line.len();
        }
        // A rule of the body that is taken for the missing fence.
        let is_heading = |line: &str| line.starts_with("# Session:") || line.starts_with("## ");
        if let [(_, open), (close, _), ..] = fences[..]
            && lines(&text[open..close]).any(is_heading)
            && Document::parse(&Source::new(bytes.to_vec()))
                .frontmatter
                .fences
                != Fences::Closed
        {
            fences.truncate(1);
        }
        let yaml = (fences.len() == 2).then(|| (fences[0].1, fences[1].0));
        let body = match fences[..] {
            [] => start,
            // A block that nobody closed ends at the first heading.
            [_] => lines(&text)
                .scan(0, |end, line| {
                    *end += line.len();
                    Some((*end - line.len(), line))
                })
                .find(|(_, line)| line.starts_with("# ") || line.starts_with("## "))
                .map_or(text.len(), |(at, _)| at),
            [_, (_, end), ..] => end,
        };
        let headings = headings(&text, body);
        Self {
            text,
            yaml,
            headings,
        }
    }

    fn yaml(&self) -> Option<Value> {
        let (start, end) = self.yaml?;
        serde_yaml::from_str(&self.text[start..end]).ok()
    }

    /// Name and extent, heading included, of every section.
    fn sections(&self) -> Vec<(&str, usize, usize)> {
        let outline: Vec<_> = self
            .headings
            .iter()
            .filter(|(level, ..)| *level < 3)
            .collect();
        let ends = outline
            .iter()
            .skip(1)
            .map(|(_, _, start)| *start)
            .chain([self.text.len()]);
        outline
            .iter()
            .zip(ends)
            .filter(|((level, ..), _)| *level == 2)
            .map(|((_, title, start), end)| (title.as_str(), *start, end))
            .collect()
    }

    fn section(&self, name: &str) -> Option<(&str, usize, usize)> {
        self.sections()
            .into_iter()
            .find(|(title, ..)| same(title, name))
    }

    /// A section's text without blank lines and rules at its end.
    fn text_of(&self, (_, start, end): (&str, usize, usize)) -> &str {
        let mut text = self.text[start..end].trim_end();
        while let Some((before, last)) = text.rsplit_once(['\n', '\r']) {
            // With a tab before it, it is code.
            let last = last.trim_end().trim_start_matches(' ');
            if !matches!(last, "---" | "***" | "") {
                break;
            }
            text = before.trim_end();
        }
        text
    }

    fn log(&self) -> Vec<String> {
        let Some((_, start, end)) = self.section("Session Log") else {
            return Vec::new();
        };
        self.headings
            .iter()
            .filter(|(level, _, at)| *level == 3 && (start..end).contains(at))
            .map(|(_, title, _)| title.clone())
            .collect()
    }
}

fn headings(text: &str, body: usize) -> Vec<(u8, String, usize)> {
    let mut depth = 0;
    let mut found: Vec<(u8, String, usize)> = Vec::new();
    let mut inside = false;
    for (event, range) in
        Parser::new_ext(&text[body..], Options::ENABLE_TASKLISTS).into_offset_iter()
    {
        match event {
            Event::Start(Tag::List(_) | Tag::BlockQuote(_)) => depth += 1,
            Event::End(TagEnd::List(_) | TagEnd::BlockQuote(_)) => depth -= 1,
            Event::Start(Tag::Heading { level, .. }) if depth == 0 && level as u8 <= 3 => {
                inside = true;
                let at = body + range.start;
                let line = text[..at]
                    .rfind(['\n', '\r'])
                    .map_or(0, |newline| newline + 1);
                found.push((level as u8, String::new(), line.max(body)));
            }
            Event::End(TagEnd::Heading(_)) => inside = false,
            Event::Text(text) | Event::Code(text) if inside => {
                found.last_mut().unwrap().1.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak if inside => {
                found.last_mut().unwrap().1.push(' ');
            }
            _ => {}
        }
    }
    found
}

fn same(a: &str, b: &str) -> bool {
    let plain = |name: &str| {
        name.trim()
            .trim_end_matches(':')
            .trim()
            .to_ascii_lowercase()
    };
    plain(a) == plain(b)
}

/// Without what escaping adds and layout may change.
fn words(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
        .trim_start_matches('\u{feff}')
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '\\')
        .collect()
}

/// Only comments and whitespace.
fn only_comments(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || text
            .strip_prefix("<!--")
            .and_then(|rest| rest.split_once("-->"))
            .is_some_and(|(_, rest)| only_comments(rest))
}

fn same_outside(old: &[u8], new: &[u8], start: usize, end: usize) -> bool {
    new.len() + end >= old.len() + start
        && new.starts_with(&old[..start])
        && new.ends_with(&old[end..])
}

/// How many bytes at both ends are equal, at most all of `old`.
fn kept(old: &[u8], new: &[u8]) -> usize {
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let suffix = old.iter().rev().zip(new.iter().rev());
    prefix + suffix.take_while(|(a, b)| a == b).count()
}

/// Lines with their breaks, of whichever kind.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let at = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let end = match &rest[at..] {
            end if end.starts_with("\r\n") => at + 2,
            "" => at,
            _ => at + 1,
        };
        let line;
        (line, rest) = rest.split_at(end);
        (!line.is_empty()).then_some(line)
    })
}

/// How many line breaks there are: LF, CRLF, CR.
fn breaks(text: &str) -> [usize; 3] {
    let pairs = text.matches("\r\n").count();
    let count = |c: char| text.matches(c).count();
    [count('\n') - pairs, pairs, count('\r') - pairs]
}

/// The value with what stands at a path replaced.
fn with(value: &Value, path: &[String], leaf: &dyn Fn(Option<&Value>) -> Option<Value>) -> Value {
    let mut map = value.as_mapping().cloned().unwrap_or_default();
    let (first, rest) = path.split_first().unwrap();
    let key = Value::String(first.clone());
    let new = if rest.is_empty() {
        leaf(map.get(&key))
    } else {
        Some(with(map.get(&key).unwrap_or(&Value::Null), rest, leaf))
    };
    match new {
        Some(new) => map.insert(key, new),
        None => map.remove(&key),
    };
    Value::Mapping(map)
}

/// As a set of keys: an edit may put a key anywhere, and an emptied map may read as null.
fn plain(value: &Value) -> Value {
    match value {
        Value::Mapping(map) if map.is_empty() => Value::Null,
        Value::Mapping(map) => {
            let mut entries: Vec<_> = map.iter().map(|(k, v)| (k.clone(), plain(v))).collect();
            entries.sort_by(|(a, _), (b, _)| a.partial_cmp(b).unwrap());
            Value::Mapping(entries.into_iter().collect())
        }
        other => other.clone(),
    }
}

/// Everything that must hold after an edit that succeeded.
#[expect(
    clippy::too_many_lines,
    reason = "one list of promises, read from top to bottom"
)]
fn verify(old: &[u8], new: &[u8], change: &Change) -> Result<(), TestCaseError> {
    let (before, after) = (Seen::new(old), Seen::new(new));
    let names = |seen: &Seen| -> Vec<String> {
        let sections = seen.sections();
        sections
            .iter()
            .map(|(name, ..)| (*name).to_owned())
            .collect()
    };
    match change {
        Change::Set(..)
        | Change::Word(..)
        | Change::Remove(_)
        | Change::Include(..)
        | Change::AddAgent(..)
        | Change::SetAgent(..) => {
            let (start, end) = before.yaml.unwrap();
            prop_assert!(
                same_outside(old, new, start, end),
                "outside the frontmatter"
            );
            prop_assert!(after.yaml.is_some());
            prop_assert_eq!(names(&before), names(&after));
            if let Some(yaml) = before.yaml() {
                let expected = match change {
                    Change::Set(path, value) | Change::Word(path, value) => {
                        with(&yaml, path, &|_| Some(Value::String(value.clone())))
                    }
                    // What is not there is not made either.
                    Change::Remove(_) if old == new => yaml,
                    Change::Remove(path) => with(&yaml, path, &|_| None),
                    // What is there already is not added.
                    Change::Include(_, text) if old == new => {
                        let listed = before.text.matches(text.as_str()).count();
                        prop_assert!(listed > 0, "left out");
                        yaml
                    }
                    Change::Include(path, text) => with(&yaml, path, &|list| {
                        let items = list.and_then(Value::as_sequence).cloned();
                        let mut items = items.unwrap_or_default();
                        items.push(Value::String(text.clone()));
                        Some(Value::Sequence(items))
                    }),
                    Change::AddAgent(agent, task, summary) => {
                        let mut fields = vec![("agent", agent), ("task", task)];
                        let pending = String::from("pending");
                        fields.push(("status", &pending));
                        fields.extend(summary.as_ref().map(|summary| ("summary", summary)));
                        let text = |text: &str| Value::String(text.to_owned());
                        let fields = fields.into_iter();
                        let agent = fields
                            .map(|(key, value)| (text(key), text(value)))
                            .collect();
                        let agent = Value::Mapping(agent);
                        with(&yaml, &split("orchestration.spawned_agents"), &|list| {
                            let mut list = list
                                .and_then(Value::as_sequence)
                                .cloned()
                                .unwrap_or_default();
                            list.push(agent.clone());
                            Some(Value::Sequence(list))
                        })
                    }
                    Change::SetAgent(at, key, value) => {
                        with(&yaml, &split("orchestration.spawned_agents"), &|list| {
                            let mut list = list.and_then(Value::as_sequence).cloned().unwrap();
                            let text = |text: &str| Value::String(text.to_owned());
                            let agent = list[*at].as_mapping_mut().unwrap();
                            agent.insert(text(key), text(value));
                            Some(Value::Sequence(list))
                        })
                    }
                    _ => unreachable!(),
                };
                let found = after.yaml();
                prop_assert!(found.is_some(), "still YAML");
                prop_assert_eq!(plain(&found.unwrap()), plain(&expected));
            }
            if !matches!(change, Change::Remove(_)) {
                let comments = |seen: &Seen| seen.text.matches("#~ ").count();
                prop_assert!(comments(&before) <= comments(&after), "comments");
            }
        }
        Change::Title(_) => {
            let is_title = |(level, ..): &&(u8, String, usize)| *level == 1;
            let (_, _, start) = before.headings.iter().find(is_title).unwrap();
            let end = before
                .headings
                .iter()
                .map(|(_, _, at)| *at)
                .find(|at| at > start);
            let end = end.unwrap_or(old.len());
            prop_assert!(same_outside(old, new, *start, end), "outside the title");
            prop_assert_eq!(names(&before), names(&after));
            let (_, title, _) = after.headings.iter().find(is_title).unwrap();
            prop_assert!(title.starts_with("Session:"), "{}", title);
        }
        Change::Check(..) => {
            prop_assert_eq!(old.len(), new.len());
            let differ = old.iter().zip(new).filter(|(a, b)| a != b).count();
            prop_assert!(differ <= 1);
            prop_assert_eq!(names(&before), names(&after));
        }
        Change::Replace(name, _) | Change::Append(name, _) => {
            section_promises(old, new, name)?;
        }
        Change::Log(agent, action, _) => {
            section_promises(old, new, "Session Log")?;
            let mut expected = before.log();
            expected.push(format!("{} - {agent}/{action}", format_minute(at())));
            prop_assert_eq!(after.log(), expected);
        }
    }
    if let Change::Replace(name, text) | Change::Append(name, text) = change {
        // A change of nothing to nothing need not make a section.
        if let Some(section) = after.section(name) {
            let found = words(after.text_of(section));
            prop_assert!(
                found.contains(&words(text)),
                "{:?} not in {:?}",
                text,
                found
            );
            if let (Some(was), Change::Append(..)) = (before.section(name), change) {
                let was = before.text_of(was);
                // An underlined heading can have several lines.
                let marked = was.starts_with('#');
                let mut lines = lines(was);
                let underline = |line: &str| line.trim().bytes().all(|byte| byte == b'-');
                let heading = lines.by_ref().find(|line| marked || underline(line));
                let content = heading.map_or(String::new(), |_| lines.collect());
                let content = content.as_str();
                prop_assert!(only_comments(content) || found.starts_with(&words(was)));
            }
        } else {
            prop_assert!(text.trim().is_empty());
        }
    }
    // Whatever break the document begins with is the only one that comes in. (A CR and an LF that
    // meet where text is taken out are one break.)
    let first = lines(&before.text).next().unwrap_or("");
    let (old, new) = (breaks(&before.text), breaks(&after.text));
    let own = if first.ends_with("\r\n") {
        1
    } else if first.ends_with('\r') {
        2
    } else {
        0
    };
    let meet = old[0] > 0 && old[2] > 0;
    for kind in (0..3).filter(|kind| *kind != own && !meet) {
        prop_assert!(new[kind] <= old[kind], "breaks {:?} became {:?}", old, new);
    }
    Ok(())
}

fn section_promises(old: &[u8], new: &[u8], name: &str) -> Result<(), TestCaseError> {
    let (before, after) = (Seen::new(old), Seen::new(new));
    match before.section(name) {
        Some((_, start, end)) => {
            prop_assert!(same_outside(old, new, start, end), "outside the section");
        }
        None => prop_assert!(kept(old, new) >= old.len(), "more than an insertion"),
    }
    let others = |seen: &Seen| -> Vec<(String, String)> {
        seen.sections()
            .into_iter()
            .filter(|(title, ..)| !same(title, name))
            .map(|section| (section.0.to_owned(), seen.text_of(section).to_owned()))
            .collect()
    };
    prop_assert_eq!(others(&before), others(&after));
    let own = |seen: &Seen| {
        let sections = seen.sections();
        sections
            .iter()
            .filter(|(title, ..)| same(title, name))
            .count()
    };
    prop_assert!(own(&after) <= own(&before).max(1));
    let titles = |seen: &Seen| -> Vec<String> {
        let headings = seen.headings.iter().filter(|(level, ..)| *level == 1);
        headings.map(|(_, title, _)| title.clone()).collect()
    };
    prop_assert_eq!(titles(&before), titles(&after));
    Ok(())
}

fn check(bytes: &[u8], change: &Change) -> Result<bool, TestCaseError> {
    match apply(bytes, change) {
        Ok(new) => {
            verify(bytes, &new, change).map_err(|error| {
                TestCaseError::fail(format!(
                    "{error}\n{change:?}\n--- before\n{}\n--- after\n{}",
                    bytes.escape_ascii().to_string().replace("\\n", "\n"),
                    new.escape_ascii().to_string().replace("\\n", "\n")
                ))
            })?;
            Ok(true)
        }
        Err(error) => {
            prop_assert!(!error.message.is_empty() && !error.help.is_empty());
            let length = bytes.len();
            prop_assert!(error.offset.is_none_or(|offset| offset <= length));
            Ok(false)
        }
    }
}

// Generators.

fn inserted() -> impl Strategy<Value = String> {
    let hostile = pick(&[
        "",
        "  \n ",
        "A sentence.",
        "- [ ] an item",
        "* an item\n* another",
        "**Bold** start",
        "*italic*",
        "+1",
        "1. numbered",
        "    indented",
        "# one",
        "## Context",
        "### 2025-12-04 14:30 - dev/forged",
        "Context\n---",
        "---",
        "===",
        "```\nopen",
        "````\n```",
        "~~~",
        "<!-- open",
        "<!-- closed -->",
        "<div>",
        "<script>",
        "<pre>\n\n## x",
        "[Context]: http://example.com",
        "> quote",
        "a\r\nb\rc",
        "nul \0 and bom \u{feff}",
        "\u{202e}bidi \u{2028} line",
        "\\",
        "$1 \\1 ${x}",
        "ends with a break  ",
        "\t# tab",
        "text\n## Session Log\n\n### x",
    ]);
    prop_oneof![
        4 => hostile,
        1 => "([#=*_~`<>!\\- \n\ta-c1.\\[\\]]|```|~~~|<!--|-->|---|\n## |\n){0,30}",
        1 => any::<String>(),
    ]
}

fn single_value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-zA-Z ]{1,12}",
        2 => pick(&[
            "",
            " leading and trailing ",
            "a: b # c",
            "it's \"both\"",
            "back\\slash",
            "two\nlines",
            "---",
            "null",
            "true",
            "12:30",
            "*alias",
            "{flow",
            "tab\there",
            "nul\0",
            "\u{85}\u{2028}\u{feff}\u{202e}",
            "🎉 ünïcode",
        ]),
        1 => any::<String>(),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let path = pick(&[
        "session.title",
        "session.status",
        "session.last_updated",
        "session.linear_issue",
        "session.source.path",
        "orchestration.current_task",
        "orchestration.handoff.to",
        "planning.backlog.topic",
        "planning.root_seed",
        "session.x-own",
        "session.new",
        "session",
        "own.deep.path",
    ]);
    let removed = pick(&[
        "session.title",
        "session.source",
        "session.branch",
        "orchestration.handoff",
        "orchestration.spawned_agents",
        "orchestration.current_task",
        "planning",
        "planning.backlog.tickets",
        "session.x-own",
        "session.absent",
    ]);
    let list = pick(&[
        "planning.spikes",
        "planning.backlog.tickets",
        "planning.backlog",
        "session.x-own",
        "own.deep.list",
    ]);
    let section = || {
        prop_oneof![
            5 => pick(&[
                "Context",
                "Current State",
                "Next Steps",
                "Blockers",
                "Execution Progress",
                "Decisions",
                "Session Log",
            ]),
            1 => pick(&["Own section", "session log", "context:", "Rollout", "", "a\n## b", "*x*"]),
        ]
    };
    let token = || prop_oneof![6 => pick(&["dev", "backend-dev", "a.b_c"]), 1 => single_value()];
    prop_oneof![
        4 => (path, single_value()).prop_map(|(path, value)| set(&path, &value)),
        1 => prop::sample::select(&["in_progress", "paused", "completed"][..])
            .prop_map(|word| Change::Word(split("session.status"), word.into())),
        2 => removed.prop_map(|path| remove(&path)),
        2 => (list, prop_oneof![pick(&["pt-1", "a"]), single_value()])
            .prop_map(|(path, text)| include(&path, &text)),
        2 => (single_value(), single_value(), prop::option::of(single_value()))
            .prop_map(|(agent, task, summary)| Change::AddAgent(agent, task, summary)),
        2 => (0..3_usize, pick(&["status", "summary", "task", "own"]), single_value())
            .prop_map(|(at, key, value)| Change::SetAgent(at, key, value)),
        1 => single_value().prop_map(Change::Title),
        3 => (section(), inserted()).prop_map(|(section, text)| Change::Replace(section, text)),
        3 => (section(), inserted()).prop_map(|(section, text)| Change::Append(section, text)),
        1 => (0..8_usize, any::<bool>()).prop_map(|(item, done)| Change::Check(item, done)),
        3 => (token(), token(), inserted())
            .prop_map(|(agent, action, text)| Change::Log(agent, action, text)),
    ]
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn an_edit_of_a_generated_document_changes_only_what_it_names(
        bytes in document(),
        change in change(),
    ) {
        check(&bytes, &change)?;
    }

    #[test]
    fn an_edit_of_a_fixture_changes_only_what_it_names(
        bytes in any_fixture(),
        change in change(),
    ) {
        check(&bytes, &change)?;
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn an_edit_of_a_damaged_fixture_changes_only_what_it_names(
        bytes in any_fixture(),
        at in any::<prop::sample::Index>(),
        length in 0..40_usize,
        damage in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..6),
            pick(&["\n", "\r", "---\n", "```\n", "<!--", "\"", "  ", "\n## Context\n", "&a ", "{", "\0"])
                .prop_map(String::into_bytes),
        ],
        change in change(),
    ) {
        let start = at.index(bytes.len() + 1);
        let end = (start + length).min(bytes.len());
        let damaged = [&bytes[..start], &damage[..], &bytes[end..]].concat();
        check(&damaged, &change)?;
    }

    #[test]
    fn no_bytes_make_an_edit_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        change in change(),
    ) {
        check(&bytes, &change)?;
    }
}

// What honest files may expect.

#[test]
fn every_edit_of_a_good_fixture_succeeds() {
    let changes = [
        set("session.title", "Another title"),
        set("session.last_updated", "2026-01-02T03:04:05Z"),
        set("session.linear_issue", "BACK-9"),
        set("session.linear_url", "https://linear.app/x/issue/BACK-9"),
        set("session.branch", "feat/other"),
        set("session.source.path", "docs/x.md"),
        set(
            "session.state_recorded",
            "2026-01-02T03:04:05Z 3fa9c01b22de",
        ),
        set("orchestration.current_task", "Something: \"else\" # now"),
        set("orchestration.handoff.taken_by", "dev"),
        set("planning.root_seed", "seed"),
        set("planning.backlog.topic", "topic"),
        Change::Word(split("session.status"), "completed".into()),
        remove("session.branch"),
        remove("session.parent"),
        remove("session.state_recorded"),
        remove("orchestration.handoff"),
        remove("orchestration.spawned_agents"),
        remove("orchestration.current_task"),
        remove("planning"),
        include("planning.spikes", "weather-api-limits"),
        include("planning.backlog.tickets", "pt-3"),
        agent("reviewer"),
        Change::Title("Another title".into()),
        log("What happened.\n\n- one\n- two"),
        log("# loud\n\n```\nopen"),
    ];
    let mut sections = Vec::new();
    for section in agentsess::document::schema::SECTIONS
        .into_iter()
        .chain(["Rollout"])
    {
        for text in [
            "A paragraph.",
            "- [ ] an item",
            "```\ncode\n```",
            "**Bold** start.",
            "1. one",
        ] {
            sections.push(replace(section, text));
            sections.push(append(section, text));
        }
    }
    let mut failures = Vec::new();
    for (name, bytes) in support::fixtures("good") {
        let source = Source::new(bytes.clone());
        let items = Document::parse(&source).body.items.len();
        let boxes: Vec<_> = (0..items)
            .filter(|item| {
                Document::parse(&source).body.items[*item]
                    .checkbox
                    .is_some()
            })
            .flat_map(|item| [Change::Check(item, true), Change::Check(item, false)])
            .collect();
        for change in changes.iter().chain(&sections).chain(&boxes) {
            match apply(&bytes, change) {
                Ok(new) => verify(&bytes, &new, change)
                    .unwrap_or_else(|e| panic!("{name}: {change:?}: {e}")),
                Err(error) => failures.push(format!("{name}: {change:?}: {error}")),
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} refused:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn after(text: &str, change: &Change) -> String {
    let new = apply(text.as_bytes(), change).unwrap_or_else(|e| panic!("{change:?}: {e}\n{text}"));
    verify(text.as_bytes(), &new, change).unwrap();
    String::from_utf8(new).unwrap()
}

fn refusal(text: &str, change: &Change) -> String {
    apply(text.as_bytes(), change).unwrap_err().message
}

#[test]
fn a_value_is_replaced_in_the_style_it_was_written_in() {
    let title = |old: &str| {
        let text = format!("---\nsession:\n  title:{old}\n  x: 1\n---\n");
        let new = after(&text, &set("session.title", "it's"));
        let rest = new.strip_prefix("---\nsession:\n  title:").unwrap();
        rest.strip_suffix("  x: 1\n---\n").unwrap().to_owned()
    };
    for (old, new) in [
        (" \"a\"", " \"it's\"\n"),
        (" 'a' # c", " 'it''s' # c\n"),
        (" a", " \"it's\"\n"),
        ("", " \"it's\"\n"),
        (" # c", " \"it's\" # c\n"),
        (" ~", " \"it's\"\n"),
        (" |\n    a\n    b", " \"it's\"\n"),
        (" |\n    a\n  # c", " \"it's\"\n  # c\n"),
        ("   >-\n    a\n\n", "   \"it's\"\n\n\n"),
        (" |", " \"it's\"\n"),
        (" a\n    b", " \"it's\"\n"),
        ("\n    a", "\n    \"it's\"\n"),
    ] {
        assert_eq!(title(old), new, "{old:?}");
    }
}

#[test]
fn what_other_text_may_refer_to_is_not_touched() {
    let text = "---\na: &x 1\nb: *x\nc: !!str 1\nd:\n  e: &y 1\nf: *y\n---\n";
    for change in [
        set("a", "2"),
        set("b", "2"),
        set("c", "2"),
        remove("a"),
        remove("d"),
    ] {
        assert!(
            refusal(text, &change).contains("an anchor, an alias or a tag"),
            "{change:?}"
        );
    }
    assert!(refusal("---\na: 1\na: 2\n---\n", &set("a", "3")).contains("twice"));
    assert!(refusal("---\na: 1\na: 2\n---\n", &remove("a")).contains("twice"));
    assert!(refusal("---\na: [1]\n---\n", &set("a", "3")).contains("a list"));
    assert!(refusal("---\na: 1\n", &set("a", "3")).contains("not closed"));
    assert!(refusal("a: 1\n", &set("a", "3")).contains("no frontmatter"));
}

#[test]
fn a_key_in_a_sound_map_is_set_although_another_map_is_broken() {
    let text = "---\nsession:\n  title: a\norchestration:\n  current_task: \"b\n---\n";
    let new = after(text, &set("session.title", "c"));
    assert_eq!(new, text.replace("title: a", "title: \"c\""));
    assert!(refusal(text, &set("orchestration.mode", "c")).contains("broken YAML"));
}

#[test]
fn a_new_key_stands_where_the_format_has_it() {
    let text = "---\nsession:\n  status: paused # c\n  issue: x\n  own: 1\n---\n";
    let cases = [
        ("session.title", "  title: \"v\"\n  status"),
        ("session.created", "# c\n  created: \"v\"\n  issue"),
        ("session.branch", "issue: x\n  branch: \"v\"\n  own"),
        ("session.other", "own: 1\n  other: \"v\"\n---"),
        (
            "orchestration.current_task",
            "own: 1\norchestration:\n  current_task: \"v\"\n---",
        ),
        (
            "planning.backlog.topic",
            "planning:\n  backlog:\n    topic: \"v\"\n---",
        ),
    ];
    for (path, expected) in cases {
        let new = after(text, &set(path, "v"));
        assert!(new.contains(expected), "{path}: {new}");
    }
    let flow = after("---\nsession: {}\n---\n", &set("session.source.path", "v"));
    assert_eq!(flow, "---\nsession: {source: {path: \"v\"}}\n---\n");
    let empty = after("---\n# c\n---\n", &set("session.title", "v"));
    assert_eq!(empty, "---\n# c\nsession:\n  title: \"v\"\n---\n");
    let first = after(
        "---\nplanning:\n  plan: p\n---\n",
        &set("session.title", "v"),
    );
    assert_eq!(
        first,
        "---\nsession:\n  title: \"v\"\nplanning:\n  plan: p\n---\n"
    );
}

#[test]
fn agents_are_listed_in_whatever_style_the_list_has() {
    let own = "agent: \"dev\"";
    let text = |orchestration: &str| format!("---\n{orchestration}x: 1\n---\n");
    for (old, expected) in [
        (
            "",
            "x: 1\norchestration:\n  spawned_agents:\n    - agent: \"dev\"\n",
        ),
        (
            "orchestration:\n",
            "orchestration:\n  spawned_agents:\n    - agent: \"dev\"\n",
        ),
        (
            "orchestration:\n  spawned_agents: []\n",
            "spawned_agents: [{agent: \"dev\", task: \"Look into it\", status: pending}]\n",
        ),
        (
            "orchestration:\n  spawned_agents:\n",
            "spawned_agents:\n    - agent: \"dev\"\n",
        ),
        (
            "orchestration:\n  spawned_agents:\n  - agent: a\n    task: b\n",
            "    task: b\n  - agent: \"dev\"\n    task: \"Look into it\"\n    status: pending\n",
        ),
    ] {
        let new = after(&text(old), &agent("dev"));
        assert!(new.contains(expected) && new.contains(own), "{new}");
    }
}

#[test]
fn a_key_of_an_agent_is_set_in_whatever_style_it_has() {
    let text = |agents: &str| format!("---\norchestration:\n  spawned_agents:{agents}x: 1\n---\n");
    let change = |key: &str| Change::SetAgent(1, key.into(), "Done: \"2\"".into());
    let said = "\"Done: \\\"2\\\"\"";
    for (old, key, expected) in [
        (
            "\n    - agent: a\n    - agent: b\n      task: c # why\n      # more\n",
            "summary",
            format!("      task: c # why\n      summary: {said}\n      # more\nx"),
        ),
        (
            "\n  - agent: a\n  - agent: b\n    status: pending\n    task: c\n",
            "status",
            format!("    status: {said}\n    task: c\nx"),
        ),
        (
            " [{agent: a}, {agent: b, task: c}]\n",
            "summary",
            format!("[{{agent: a}}, {{agent: b, task: c, summary: {said}}}]\nx"),
        ),
        (
            "\n  -\n    agent: a\n  - {agent: b}\n",
            "summary",
            format!("  - {{agent: b, summary: {said}}}\nx"),
        ),
        (
            "\n  - agent: a\n  - task: |\n      long\n      text\n    agent: b\n",
            "task",
            format!("  - task: {said}\n    agent: b\nx"),
        ),
    ] {
        let new = after(&text(old), &change(key));
        assert!(new.contains(&expected), "{new}");
    }
    for refused in [
        "",
        "\n  - agent: a\n",
        "\n  - agent: a\n  - b\n",
        "\n  - &x {agent: a}\n  - *x\n",
        "\n  - agent: a\n  - &x\n    agent: b\n",
        "\n  - agent: a\n  - agent: [\n",
    ] {
        let refused = text(&format!("{refused}\n"));
        assert!(
            apply(refused.as_bytes(), &change("summary")).is_err(),
            "{refused}"
        );
    }
}

#[test]
fn a_text_joins_a_list_in_whatever_style_it_has() {
    let text = |planning: &str| format!("---\n{planning}x: 1\n---\n");
    for (old, expected) in [
        ("", "x: 1\nplanning:\n  spikes: [\"b\"]\n---"),
        ("planning: {}\n", "planning: {spikes: [\"b\"]}\n"),
        ("planning:\n  spikes:\n", "  spikes: [\"b\"]\nx"),
        (
            "planning:\n  spikes: # none yet\n",
            "  spikes: [\"b\"] # none yet\nx",
        ),
        ("planning: {spikes: }\n", "planning: {spikes: [\"b\"] }\n"),
        ("planning:\n  spikes: ~\n", "  spikes: [\"b\"]\nx"),
        ("planning:\n  spikes: []\n", "  spikes: [\"b\"]\nx"),
        (
            "planning:\n  spikes: ['a'] # one\n",
            "  spikes: ['a', 'b'] # one\nx",
        ),
        (
            "planning:\n  spikes: [\n    a, # one\n  ]\n",
            "[\n    a, \"b\", # one\n  ]\nx",
        ),
        (
            "planning:\n  spikes:\n  - a # one\n  # end\n",
            "  - a # one\n  - \"b\"\n  # end\nx",
        ),
        (
            "planning:\n  spikes:\n    - |\n      a\n    - 'c'\n",
            "      a\n    - 'c'\n    - 'b'\nx",
        ),
        (
            "planning: {spikes: [a, b]}\n",
            "planning: {spikes: [a, b]}\n",
        ),
    ] {
        let new = after(&text(old), &include("planning.spikes", "b"));
        assert!(new.contains(expected), "{old:?}: {new}");
    }
    for (old, message) in [
        (
            "planning:\n  spikes: a\n",
            "`planning.spikes` is text, not a list",
        ),
        ("planning:\n  spikes: &a [a]\n", "cannot be edited safely"),
        ("planning: no\n", "`planning` is text"),
        (
            "planning:\n  spikes: [a]\n  spikes: [b]\n",
            "`planning.spikes` is there twice",
        ),
    ] {
        let refused = refusal(&text(old), &include("planning.spikes", "b"));
        assert!(refused.contains(message), "{old:?}: {refused}");
    }
}

#[test]
fn a_missing_section_is_made_in_its_place() {
    let text = "# Session: x\n\n## Context\n\na\n\n## Next Steps\n\nb\n";
    let state = after(text, &replace("current state", "c"));
    assert!(
        state.contains("a\n\n## Current State\n\nc\n\n## Next Steps"),
        "{state}"
    );
    let logged = after(text, &log("d"));
    let entry = "## Session Log\n\n### 2026-01-02 03:04 - dev/note\n\nd\n";
    assert!(
        logged.ends_with(&format!("b\n\n---\n\n{entry}")),
        "{logged}"
    );
    let own = after(&logged, &append("Rollout", "e"));
    assert!(
        own.contains("b\n\n## Rollout\n\ne\n\n---\n\n## Session Log"),
        "{own}"
    );
    let empty = after("", &replace("Context", "a"));
    assert_eq!(empty.trim(), "## Context\n\na");
}

#[test]
fn a_placeholder_gives_way_to_the_first_text() {
    let text = "## Context\n\n<!-- why -->\n\n## Blockers\n<!-- what -->\n---\n";
    let new = after(text, &append("Context", "because"));
    assert_eq!(new, text.replace("<!-- why -->", "because"));
    let new = after(text, &append("Blockers", "that"));
    assert!(new.ends_with("## Blockers\nthat\n\n---\n"), "{new}");
    assert_eq!(after(text, &append("Context", " \n")), text);
}

#[test]
fn a_file_without_a_final_newline_gets_none() {
    for text in ["## Context\n\na", "## Context"] {
        assert_eq!(after(text, &append("Context", "b")), format!("{text}\n\nb"));
    }
}

#[test]
fn text_that_follows_without_a_blank_line_keeps_its_meaning() {
    let text = "## Context\n\n- a\n---\n\n## Next Steps\n\n```\n```\nOwn\n---\n";
    let new = after(text, &append("Context", "b"));
    assert!(new.starts_with("## Context\n\n- a\n\nb\n\n---\n"), "{new}");
    let new = after(text, &replace("Next Steps", "b"));
    assert!(new.ends_with("b\n\nOwn\n---\n"), "{new}");
}

#[test]
fn a_paragraph_that_starts_with_emphasis_does_not_join_the_list() {
    let text = "## Context\n\n- a\n";
    assert_eq!(
        after(text, &append("Context", "**b**")),
        format!("{text}\n**b**\n")
    );
    assert_eq!(
        after(text, &append("Context", "- b")),
        format!("{text}- b\n")
    );
}

#[test]
fn a_link_definition_is_no_empty_section() {
    for before in ["", "---\n\n"] {
        let text = format!("## Context\n\n{before}[a]: http://example.com\n");
        let new = after(&text, &append("Context", "b"));
        assert_eq!(new, format!("{text}\nb\n"));
        assert!(after(&text, &log("b")).starts_with(&text));
    }
}

#[test]
fn what_an_open_fence_swallows_is_not_replaced() {
    for opening in ["```", "<!-- x", "<pre>"] {
        let text = format!("## Context\n\na\n\n## Blockers\n\n{opening}\n## Next Steps\n\nb\n");
        for change in [replace("Blockers", "c"), append("Blockers", "c"), log("c")] {
            assert!(
                refusal(&text, &change).contains("never closed"),
                "{change:?}"
            );
        }
        assert!(after(&text, &replace("Context", "c")).starts_with("## Context\n\nc\n"));
    }
}

#[test]
fn a_title_is_read_as_it_was_given() {
    for title in ["#", "C #", "C ##", "C#", "a"] {
        for text in [
            "# Session: x\n",
            "# Session: x ##\n",
            "#\n",
            "# ##\n",
            "x\n===\n",
        ] {
            let new = after(text, &Change::Title(title.into()));
            let source = Source::new(new.clone().into_bytes());
            let heading = &Document::parse(&source).body.headings[0].title.to_string();
            assert_eq!(heading, &format!("Session: {title}"), "{new}");
        }
    }
}

#[test]
fn an_entry_that_no_reader_would_find_is_not_written() {
    for (agent, action) in [
        ("", "x"),
        ("a b", "x"),
        ("a", "x/y"),
        ("a\n", "x"),
        ("a", "*x*"),
    ] {
        let change = Change::Log(agent.into(), action.into(), "text".into());
        assert!(
            refusal("## Session Log\n", &change).contains("cannot head"),
            "{change:?}"
        );
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn no_text_is_refused_by_an_honest_file(
        bytes in {
            let good = support::fixtures("good");
            prop::sample::select(good).prop_map(|(_, bytes)| bytes)
        },
        text in inserted(),
        value in single_value(),
    ) {
        for change in [
            replace("Current State", &text),
            append("Next Steps", &text),
            append("Decisions", &text),
            log(&text),
            set("session.title", &value),
            set("orchestration.current_task", &value),
            set("planning.root_seed", &value),
            agent(&value),
            Change::Title(value.clone()),
        ] {
            prop_assert!(check(&bytes, &change)?, "refused: {:?}", change);
        }
    }
}

#[test]
fn nothing_is_edited_where_the_body_has_no_certain_beginning() {
    let text = "---\nsession:\n  title: \"T\"\n  # a comment\n  status: in_progress\n\n## Context\n\nc\n\n- [ ] i\n";
    let source = Source::new(text.into());
    let document = Document::parse(&source);
    for edit in [
        Edit::Title("New"),
        Edit::Check {
            item: 0,
            done: true,
        },
        Edit::Append {
            section: "Context",
            text: "more",
        },
    ] {
        let error = document.apply(&[edit]).unwrap_err();
        assert_eq!(error.message, "the frontmatter is not closed", "{edit:?}");
    }
}
