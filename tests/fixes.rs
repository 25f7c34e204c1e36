//! A fix removes the defect and changes nothing else, whatever the document.

use std::collections::BTreeMap;

use agentsess::config::Config;
use agentsess::document::time::{Timestamp, parse_rfc3339};
use agentsess::document::{Document, Source};
use agentsess::lint::{self, Finding, Fixed, Safety, Settings, Severity, is_fixable};
use proptest::prelude::*;

#[path = "support/generated.rs"]
mod generated;
mod support;

use generated::{any_fixture, cases, document, pick};

const NAME: &str = "20251204-143000-weather.md";

/// Rules behind whose defects others cannot be seen: what they hid is reported when they are
/// fixed. `completed` is held to more than a word that is no status, an open box counts, an entry
/// of level 2 ends the log, a hidden character can stand anywhere.
const HIDING: [&str; 11] = [
    "duplicate-key",
    "hidden-character",
    "invalid-status",
    "invalid-timestamp",
    "invalid-yaml",
    "log-entry-format",
    "misspelled-section",
    "missing-key",
    "secret",
    "task-syntax",
    "unclosed-frontmatter",
];

fn now() -> Timestamp {
    parse_rfc3339("2026-01-01T00:00:00Z").unwrap().at
}

fn check(name: &str, bytes: &[u8]) -> Vec<Finding> {
    let config = Config::default();
    lint::check(
        name,
        &Source::new(bytes.to_vec()),
        Settings::new(&config, now()),
    )
}

fn fix(name: &str, bytes: &[u8], allowed: Safety) -> Option<Fixed> {
    let config = Config::default();
    let source = Source::new(bytes.to_vec());
    lint::fix(name, &source, Settings::new(&config, now()), |finding| {
        is_fixable(finding, allowed)
    })
}

fn errors(findings: &[Finding]) -> usize {
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    errors.count()
}

/// Numbers of `\r\n`, `\n` alone and `\r` alone.
fn breaks(bytes: &[u8]) -> [usize; 3] {
    let text = String::from_utf8_lossy(bytes);
    let pairs = text.matches("\r\n").count();
    [
        pairs,
        text.matches('\n').count() - pairs,
        text.matches('\r').count() - pairs,
    ]
}

/// How often a fix was made, and how often one was refused because more would have changed.
#[derive(Debug, Default)]
struct Tally {
    made: usize,
    refused: BTreeMap<&'static str, usize>,
}

/// Whether the fix of a finding can be made on its own.
fn is_refused(bytes: &[u8], finding: &Finding) -> bool {
    let source = Source::new(bytes.to_vec());
    let splices = &finding.fix.as_ref().unwrap().splices;
    Document::parse(&source).patch(splices).is_err()
}

fn promises(name: &str, bytes: &[u8], allowed: Safety) -> Result<Tally, TestCaseError> {
    let shown = || String::from_utf8_lossy(bytes).into_owned();
    let before = check(name, bytes);
    let mut tally = Tally::default();
    let Some(fixed) = fix(name, bytes, allowed) else {
        for finding in before.iter().filter(|finding| is_fixable(finding, allowed)) {
            prop_assert!(is_refused(bytes, finding), "{finding:?}\n{}", shown());
            *tally.refused.entry(finding.rule.name).or_default() += 1;
        }
        return Ok(tally);
    };
    let rules: Vec<_> = fixed.rules.iter().map(|rule| rule.name).collect();
    let result = String::from_utf8_lossy(&fixed.bytes).into_owned();
    let story = || format!("{rules:?}\n{}\n=>\n{result}", shown());
    tally.made = rules.len();
    prop_assert_ne!(&fixed.bytes, bytes);
    let again = fix(name, &fixed.bytes, allowed);
    prop_assert!(again.is_none(), "not finished: {:?}\n{}", again, story());
    let after = check(name, &fixed.bytes);
    // Nothing that could be fixed is left.
    for finding in after.iter().filter(|finding| is_fixable(finding, allowed)) {
        prop_assert!(
            is_refused(&fixed.bytes, finding),
            "{finding:?}\n{}",
            story()
        );
        *tally.refused.entry(finding.rule.name).or_default() += 1;
    }
    if !rules.iter().any(|rule| HIDING.contains(rule)) {
        prop_assert!(
            errors(&after) <= errors(&before),
            "{}\n{:#?}",
            story(),
            after.iter().map(|f| &f.message).collect::<Vec<_>>()
        );
    }
    let bom = "\u{feff}".as_bytes();
    prop_assert_eq!(fixed.bytes.starts_with(bom), bytes.starts_with(bom));
    // A file has no kind of line break that it did not have, and ends as it did.
    let (old, new) = (breaks(bytes), breaks(&fixed.bytes));
    for kind in 0..3 {
        let other = old.iter().sum::<usize>() > 0;
        prop_assert!(old[kind] > 0 || new[kind] == 0 || !other, "{}", story());
    }
    let ends = |bytes: &[u8]| {
        bytes
            .last()
            .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
    };
    let is_last = rules
        .iter()
        .any(|rule| ["unused-suppression", "missing-title", "hidden-character"].contains(rule));
    prop_assert!(ends(&fixed.bytes) == ends(bytes) || is_last, "{}", story());
    Ok(tally)
}

fn both(name: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    for allowed in [Safety::Safe, Safety::Unsafe] {
        promises(name, bytes, allowed)?;
    }
    Ok(())
}

#[test]
fn an_honest_session_is_left_as_it_is() {
    for (name, bytes) in support::fixtures("good") {
        assert!(fix(&name, &bytes, Safety::Safe).is_none(), "{name}");
    }
}

#[test]
fn every_fix_of_a_broken_fixture_is_made_and_keeps_its_promises() {
    let mut made = 0;
    for (name, bytes) in support::fixtures("bad") {
        for allowed in [Safety::Safe, Safety::Unsafe] {
            let tally = promises(&name, &bytes, allowed).unwrap();
            assert_eq!(tally.refused, BTreeMap::new(), "{name}");
            made += tally.made;
        }
    }
    assert!(made > 20, "{made}");
}

/// Frontmatter without its end in which anything that can be fixed may be wrong.
fn slovenly_head() -> impl Strategy<Value = String> {
    let status = pick(&[
        "In-Progress",
        "done",
        "paused",
        "'COMPLETED'",
        "x",
        "on hold",
        "\"active\"",
    ]);
    let time = || {
        pick(&[
            "2025-12-04T14:30:00Z",
            "\"2025-12-04T15:30:00+01:00\"",
            "2025-12-04 14:30",
            "'2025-12-04 14:40:00 UTC'",
            "2025-12-04",
            "2025-12-03T10:00:00Z",
            "2025-12-05t10:00:00.5z",
            "2031-01-01T00:00:00Z",
            "soon",
        ])
    };
    let title = pick(&[
        "title: Weather",
        "title: Fix: the fallback",
        "title: [draft] Weather",
        "title: 2025",
        "Title: Weather",
        "titel: \"Weather\"",
        "title:Weather",
        "title: Weather\n  title: Weather",
        "title: a\n  title: b",
        "branch: main",
        "title: ghp_a8Kd03nLqPz7Vb2Xc9Wm4Rt6Yh1Jf5Gs0EoT",
    ]);
    let more = pick(&[
        "",
        "  spawned_agents:\n    - agent: a\n      task: t\n      status: Done\n",
        "  spawend_agents: []\n",
        "  handoff: { commit: 1234567, at: 2025-12-04 }\n",
        "planning:\n  spikes: one\n",
        "  current_task: T\n",
        "  # agentsess-disable-line log-order\n",
    ]);
    (title, status, time(), time(), more).prop_map(|(title, status, a, b, more)| {
        format!(
            "---\nsession:\n  {title}\n  status: {status}\n  created: {a}\n  last_updated: {b}\n\
             orchestration:\n  current_task: T\n{more}"
        )
    })
}

/// A body of this kind.
fn slovenly_body() -> impl Strategy<Value = String> {
    let heading = pick(&[
        "# Session: Weather\n\n",
        "# Session: Rain\n\n",
        "#Session: Weather\n\n",
        "### Session: Weather\n\n",
        "# Session:\n\n",
        "",
        "Weather\n=======\n\n",
    ]);
    let section = pick(&[
        "## Context\n\nc\n\n",
        "### Current State\n\ns\n\n",
        "## Next Step\n\n- n\n\n",
        "## Current State\n\n\u{1b}[31ms\u{200b}\n\n",
        "## 3. Next Steps (Monday)\n\n- n\n\n",
        "## Notes\n\n```\n",
        "<!-- agentsess-disable-next-line task-syntax -->\n",
    ]);
    let wave = pick(&[
        "### Wave 1: A (ACTIVE)\n\n- [x] a\n\n",
        "### wave 2 - B (done)\n\n- [] b\n-[ ] c\n",
        "### Wave 3: C (blocked by Wave 1)\n\n[ ] d\n- [✅] e\n",
        "### Wave 4. D [completed]\n\ntext\n[x] f\n---\n",
        "- [~] g\n   1.[x]h\n",
    ]);
    let entry = (
        pick(&[
            "### 2025-12-04 14:30 - pm/a",
            "### 2025-12-04 14:31 - pm/b",
            "### 2025-12-04 15:10 - pm/c",
            "### 2025-12-04T14:35:10Z – pm / d",
            "### **2025-12-04 14:36**: `pm`",
            "#### 2025-12-04 14:37 - pm/e",
            "## 2025-12-04 14:38 - pm/f",
            "### 2031-12-04 14:39 - pm/g",
            "### later",
        ]),
        pick(&["\n\n", "\n", "\n \n\n"]),
        pick(&[
            "did it\n\n",
            "- one\n- two\n\n\n",
            "```\n### 2025-12-04 14:00 - pm/x\n```\n",
            "> quote\n\n",
            "<div>\nhtml\n",
            "#### Detail\n\n    code\n\n",
            "[ref]: http://example.com\n\n",
            "text\n---\n",
            "---\n\n",
            "<!-- note -->\n",
            "last line  \n",
            "<!-- agentsess-disable-line log-order -->\n",
            "```\nopen\n",
        ]),
    )
        .prop_map(|(heading, gap, text)| heading + &gap + &text);
    let many = |part: BoxedStrategy<String>, most: usize| {
        prop::collection::vec(part, 0..most).prop_map(|parts| parts.concat())
    };
    (
        heading,
        many(section.boxed(), 5),
        many(wave.boxed(), 4),
        many(entry.boxed(), 6),
    )
        .prop_map(|(heading, sections, waves, log)| {
            let waves = format!("## Execution Progress\n\n{waves}");
            format!("{heading}{sections}{waves}\n## Session Log\n\n{log}")
        })
}

/// A session of both.
fn slovenly() -> impl Strategy<Value = Vec<u8>> {
    let close = pick(&["---\n\n", "---\n\n", "---\n\n", "---\n\n", "---\n", "\n"]);
    (slovenly_head(), close, slovenly_body(), 0..6_u8).prop_map(|(head, close, body, ends)| {
        let text = head + &close + &body;
        let text = match ends {
            0 => text.replace('\n', "\r\n"),
            1 => format!("\u{feff}{text}"),
            2 => text.trim_end().to_owned(),
            _ => text,
        };
        text.into_bytes()
    })
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn fixes_of_a_slovenly_session_keep_their_promises(bytes in slovenly()) {
        both(NAME, &bytes)?;
    }

    #[test]
    fn fixes_of_a_generated_document_keep_their_promises(bytes in document()) {
        both(NAME, &bytes)?;
    }

    #[test]
    fn fixes_of_a_damaged_fixture_keep_their_promises(
        bytes in any_fixture(),
        at in any::<prop::sample::Index>(),
        length in 0..40_usize,
        damage in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..6),
            pick(&["\n", "\r", "---\n", "```\n", "<!--", "\"", "  ", "\n## Context\n", "&a ", "{", "\0"])
                .prop_map(String::into_bytes),
        ],
    ) {
        let start = at.index(bytes.len() + 1);
        let end = (start + length).min(bytes.len());
        let damaged = [&bytes[..start], &damage[..], &bytes[end..]].concat();
        both(NAME, &damaged)?;
    }

    #[test]
    fn no_bytes_make_a_fix_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        both(NAME, &bytes)?;
    }
}

#[test]
fn refusals_are_rare() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::new(cases(1));
    let mut all = Tally::default();
    for _ in 0..400 {
        let bytes = slovenly().new_tree(&mut runner).unwrap().current();
        let tally = promises(NAME, &bytes, Safety::Unsafe).unwrap();
        all.made += tally.made;
        for (rule, count) in tally.refused {
            *all.refused.entry(rule).or_default() += count;
        }
    }
    println!("{all:?}");
    let refused: usize = all.refused.values().sum();
    assert!(all.made > 1000 && refused * 50 < all.made, "{all:?}");
}

/// The entries of a log: from each heading to the next, without the blank lines in between.
fn entries(text: &str) -> Vec<&str> {
    let log = text.split_once("## Session Log\n").unwrap().1;
    let starts: Vec<_> = log.match_indices("### 2").map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([log.len()]);
    let pairs = starts.iter().zip(ends);
    pairs
        .map(|(&start, end)| log[start..end].trim_end_matches('\n'))
        .collect()
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn putting_a_log_in_order_loses_nothing(
        log in prop::collection::vec(
            (
                0..60_u8,
                pick(&["\n\n", "\n", "\n\n\n"]),
                pick(&[
                    "", "did it", "- one\n- two", "```\ncode\n```", "> quote", "two\n\nparagraphs",
                    "#### Detail\n\ntext", "    code", "last  ", "[a]: http://b", "ünï", "1. x\n\n   y",
                ]),
                pick(&["\n", "\n\n", "\n\n\n\n"]),
            ),
            0..9,
        ),
        head in pick(&["", "Text before the first entry.\n\n"]),
        tail in pick(&["", "\n---\n\n## Own\n\ntext\n", "\n## Own\n\ntext"]),
        trimmed in any::<bool>(),
    ) {
        let written: Vec<_> = log
            .iter()
            .enumerate()
            .map(|(index, (minute, gap, text, end))| {
                format!("### 2025-12-04 14:{minute:02} - pm/e{index}{gap}{text}{end}")
            })
            .collect();
        let mut text = format!("## Session Log\n\n{head}{}{tail}", written.concat());
        if trimmed {
            text.truncate(text.trim_end().len());
        }
        let order = lint::RULES.iter().find(|rule| rule.name == "log-order").unwrap();
        let config = Config::default();
        let source = Source::new(text.clone().into_bytes());
        let rules = [*order];
        let settings = Settings { rules: &rules, ..Settings::new(&config, now()) };
        let minutes: Vec<_> = log.iter().map(|(minute, ..)| *minute).collect();
        let fixed = lint::fix(NAME, &source, settings, |_| true);
        prop_assert_eq!(fixed.is_none(), minutes.is_sorted(), "{}", text);
        let Some(fixed) = fixed else { return Ok(()) };
        let after = String::from_utf8(fixed.bytes).unwrap();
        let without_tail = |text: &str| text.split("\n## Own").next().unwrap()
            .trim_end_matches('\n').trim_end_matches("---").to_owned();
        let (old, new) = (without_tail(&text), without_tail(&after));
        let (mut expected, found) = (entries(&old), entries(&new));
        // A stable sort by the minute, which is the same as by its text.
        expected.sort_by_key(|entry| entry[..20].to_owned());
        prop_assert_eq!(found, expected, "{}\n=>\n{}", text, after);
        prop_assert_eq!(text.len(), after.len());
        let end = |text: &str| text.len() - text.trim_end_matches('\n').len();
        prop_assert_eq!(end(&text), end(&after));
        prop_assert_eq!(text.split("\n## Own").nth(1), after.split("\n## Own").nth(1));
    }
}
