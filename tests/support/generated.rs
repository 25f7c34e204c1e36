//! Generated documents, with all that can go wrong in one.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::support;

pub fn pick(choices: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(choices).prop_map(String::from)
}

/// A value behind `key:` with `indent` spaces before its further lines.
fn value(indent: usize) -> impl Strategy<Value = String> {
    let values = [
        " \"double \\\"quoted\\\"\"",
        " 'it''s single'",
        " plain words",
        " plain #~ with a comment",
        " \"quoted\"   #~ with a comment",
        "",
        " #~ nothing but a comment",
        " ~",
        " null",
        " 2025-12-04T14:30:00Z",
        " |\n@block\n@text",
        " >-\n@folded\n\n@text",
        " |+\n@kept\n",
        " |2\n@  indented",
        " |",
        " |-",
        " plain over\n@two lines",
        " \"quoted over\n@two lines\"",
        "\n@on the next line",
        " &anchor anchored",
        " *anchor",
        " !!str tagged",
        " ! tagged",
        " [a, b]",
        " {a: 1, b: \"2\"}",
        " []",
        " {}",
        "\n@- a\n@- b",
        "\n@- agent: x\n@  task: y\n@  status: pending",
        "\n@a: 1\n@b:\n@  c: 2",
        " --- dashes",
        " \"a: b # c\"",
        " \"ünïcode\"",
    ];
    prop::sample::select(values.to_vec())
        .prop_map(move |value| value.replace('@', &" ".repeat(indent + 2)))
}

fn entry(keys: &'static [&'static str], indent: usize) -> impl Strategy<Value = String> {
    let own = " ".repeat(indent);
    let noise = prop_oneof![
        12 => Just(String::new()),
        2 => Just(format!("{own}#~ a comment\n")),
        1 => Just("#~ another\n".to_owned()),
        1 => Just("\n".to_owned()),
    ];
    let key = (pick(keys), 0..12_u8).prop_map(|(key, style)| match style {
        0 => format!("\"{key}\""),
        1 => format!("'{key}'"),
        2 => format!("{key} "),
        _ => key,
    });
    (noise, key, value(indent))
        .prop_map(move |(noise, key, value)| format!("{noise}{own}{key}:{value}\n"))
}

fn block_map(name: &'static str, keys: &'static [&'static str]) -> impl Strategy<Value = String> {
    let entries = |indent| prop::collection::vec(entry(keys, indent), 1..6);
    prop_oneof![
        6 => entries(2).prop_map(move |entries| format!("{name}:\n{}", entries.concat())),
        2 => entries(4).prop_map(move |entries| format!("{name}: #~ wide\n{}", entries.concat())),
        1 => Just(format!("{name}:\n")),
        1 => Just(format!("{name}: {{}}\n")),
        1 => Just(format!("{name}: ~\n")),
        1 => Just(format!("{name}: words\n")),
    ]
}

fn flow_map(name: &'static str, keys: &'static [&'static str]) -> impl Strategy<Value = String> {
    let value = pick(&[
        "plain",
        "\"quoted\"",
        "'single'",
        "",
        "[]",
        "[a]",
        "{}",
        "{b: c}",
        "~",
        "\"a, b\"",
        "[{agent: x, task: y, status: pending}]",
    ]);
    let entry = (pick(keys), value).prop_map(|(key, value)| format!("{key}: {value}"));
    let separator = pick(&[", ", ",", ",\n  ", " ,\n  #~ between\n  "]);
    (
        prop::collection::vec(entry, 0..5),
        separator,
        pick(&["", " ", "\n  ", ",", "  #~ c\n "]),
    )
        .prop_map(move |(entries, separator, end)| {
            let end = if entries.is_empty() && end == "," {
                String::new()
            } else {
                end
            };
            format!("{name}: {{{}{end}}}\n", entries.join(&separator))
        })
}

const SESSION: &[&str] = &[
    "title",
    "status",
    "created",
    "last_updated",
    "branch",
    "source",
    "x-own",
];
const ORCHESTRATION: &[&str] = &["current_task", "spawned_agents", "handoff", "mode"];
const PLANNING: &[&str] = &["root_seed", "plan", "backlog", "spikes"];

fn frontmatter() -> impl Strategy<Value = String> {
    let other = pick(&[
        "x: \"never closed\n",
        "x: a: b\n",
        "\tx: tab\n",
        "x: @at\n",
        "x: [a, b\n",
        "x: 1\nx: 2\n",
        "  x: odd indent\n",
        "#~ a comment\n",
        "owner: platform\n",
        "...\n",
        "? complex\n: value\n",
        "<<: *anchor\n",
        "\n\n",
    ]);
    let part = prop_oneof![
        4 => block_map("session", SESSION),
        1 => flow_map("session", SESSION),
        4 => block_map("orchestration", ORCHESTRATION),
        1 => flow_map("orchestration", ORCHESTRATION),
        1 => block_map("planning", PLANNING),
        2 => other,
    ];
    let fenced = |parts: Vec<String>| format!("---\n{}---\n", parts.concat());
    prop_oneof![
        16 => prop::collection::vec(part, 0..5).prop_map(fenced),
        2 => flow_map("session", SESSION)
            .prop_map(|map| format!("---\n{{{}}}\n---\n", map.trim_end().replace('\n', "\n "))),
        1 => pick(&["", "---\n", "--- \nsession:\n  title: x\n--- \n", "\n---\n---\n", "---\n---"]),
    ]
}

fn body() -> impl Strategy<Value = String> {
    let heading = pick(&[
        "# Session: A title",
        "# Session: closed ##",
        "A title\n=====",
        "## Context",
        "## Context",
        "## Current State",
        "## Current State:",
        "Current State\n---",
        "Next\nSteps\n---",
        "## next steps ##",
        "   ## Next Steps",
        "## Blockers",
        "## Own `section`",
        "## Session Log",
        "## Session Log",
        "##",
        "### Wave 1: First (ACTIVE)",
        "### 2025-12-04 14:30 - dev/created",
        "### Not an entry",
    ]);
    let block = pick(&[
        "A paragraph.",
        "Two\nlines.",
        "None.",
        "- [ ] BACK-1 - open\n- [x] #2 - done",
        "- [ ] open\n  - [X] nested\n\n    with text",
        "1. [ ] first\n2. second",
        "- a\n\n  ## in a list\n",
        "> ## quoted\nlazy",
        "```\n## in a fence\n```",
        "~~~md\n<!--\n~~~",
        "```\nnever closed",
        "- ```\n  closed by the list",
        "<!-- one comment -->",
        "<!-- a comment\n\nover lines -->",
        "<!-- a --> text <!-- b -->",
        "<!-- never closed",
        "<div>\n## in html\n</div>",
        "<pre>\nnever closed",
        "[Context]: http://example.com",
        "    ## indented code",
        "---",
        "***",
        "a\\",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "\tcode",
        "  trailing  ",
    ]);
    let block = prop_oneof![2 => heading, 3 => block];
    let gap = pick(&["\n\n", "\n\n", "\n\n", "\n", "\n\n\n", "\n \n"]);
    prop::collection::vec((block, gap), 0..12).prop_map(|blocks| {
        let blocks = blocks.into_iter().map(|(block, gap)| block + &gap);
        blocks.collect::<String>()
    })
}

/// A document with all that can go wrong on the way to a disk.
pub fn document() -> impl Strategy<Value = Vec<u8>> {
    let stray = prop_oneof![
        8 => Just(None),
        1 => (any::<prop::sample::Index>(), prop::sample::select(&[0_u8, 0xff, 0xc3, b'\r', b'\t'][..]))
            .prop_map(Some),
    ];
    (frontmatter(), body(), 0..8_u8, any::<bool>(), stray).prop_map(
        |(frontmatter, body, ends, trimmed, stray)| {
            let mut text = frontmatter + "\n" + &body;
            if trimmed {
                text.truncate(text.trim_end().len());
            }
            text = match ends {
                0 | 1 => text.replace('\n', "\r\n"),
                2 => {
                    let lines = text.split_inclusive('\n').enumerate();
                    lines
                        .map(|(index, line)| match line.strip_suffix('\n') {
                            Some(line) if index % 3 == 1 => format!("{line}\r\n"),
                            _ => line.to_owned(),
                        })
                        .collect()
                }
                3 => format!("\u{feff}{text}"),
                _ => text,
            };
            let mut bytes = text.into_bytes();
            if let Some((at, byte)) = stray {
                let at = at.index(bytes.len() + 1);
                bytes.insert(at, byte);
            }
            bytes
        },
    )
}

pub fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return default;
    }
    // The usual run is repeatable, so that it cannot fail for a change that has nothing to do with
    // what it found. A longer one, with PROPTEST_CASES, looks elsewhere each time.
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x5e55_1011),
        ..default
    }
}

pub fn any_fixture() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<_> = ["good", "bad"]
        .into_iter()
        .flat_map(support::fixtures)
        .collect();
    prop::sample::select(all).prop_map(|(_, bytes)| bytes)
}
