//! Files of other habits become sessions without losing a word.
//!
//! What `fixtures/adopt` becomes is under snapshot, one a file. That nothing is lost is checked
//! here a second time and by other means than the crate's own proof: line by line, with every line
//! that may go named below.

mod common;
mod support;

use std::fmt::Write as _;

use agentsess::config::Config;
use agentsess::document::time::{Timestamp, parse_rfc3339};
use agentsess::document::{Document, Source};
use agentsess::lint::{self, Settings, Severity};
use agentsess::operations::adopt::{Foreign, Plan, plan};
use common::Project;
use proptest::prelude::*;

/// Lines that are in the frontmatter or the log afterwards, or are the former name of a section.
const SAID: &[(&str, &[&str])] = &[
    ("2026-02-12-blocked.md", &["# Signing – blocked"]),
    (
        "2026-02-12-merged-in-the-title.md",
        &["# Signing, second part – merged"],
    ),
    (
        "2026-02-13-authors.md",
        &[
            "## Work log",
            "- 2026-02-13 09:20 @tim: reviewed",
            "- 2026-02-13 09:30 @tim fix(api): the second one",
        ],
    ),
    ("2026-02-14-times-not-understood.md", &["## Journal"]),
    ("2026-02-16-history.md", &["## History"]),
    (
        "2026-02-17-french.md",
        &["## Contexte", "## État actuel", "## Prochaines étapes"],
    ),
    (
        "2026-02-18-level-three-below-the-title.md",
        &["### Current status", "### Next actions"],
    ),
    ("2026-02-19-next-twice.md", &["## Contxt", "## ⏭️ Next"]),
    (
        "in-german.md",
        &[
            "erstellt: 05.02.2026",
            "## Kontext",
            "## Aktueller Stand",
            "## Nächste Schritte",
            "## Verlauf",
            "### 05.02.2026 10:00 Jürgen",
            "### 06.02.2026 um 11:30 Uhr: gemessen",
        ],
    ),
    (
        "2026-02-11-zones-and-periods.md",
        &[
            "## Work log",
            "- 2026-02-11 11:00 UTC+2 - c",
            "- 2026-02-11 11:00 GMT+1 e",
            "- 2026-02-11 12:00 UTC: in no zone",
        ],
    ),
    ("2026-02-10-generic-title.md", &["## Status"]),
    (
        "20260211-080000-ours-with-facts-below.md",
        &["**Issue**: acme/map#12", "**Branch**: feat/distance"],
    ),
    (
        "2026-01-03-flat-yaml.md",
        &[
            "status: active",
            "date: 2026-01-03",
            "## Background",
            "## Status",
            "## What's next",
        ],
    ),
    (
        "2026-01-04-flat-yaml-done.md",
        &[
            "status: done",
            "started: 2026-01-04T08:30:00Z # UTC",
            "updated: 2026-01-04 17:05",
            "## Overview",
            "## Current Status",
            "## TODO",
        ],
    ),
    (
        "2026-01-05-unknown-status.md",
        &["created: 2026-01-05", "## Goal"],
    ),
    (
        "2026-01-08-toml.md",
        &[
            "date = 2026-01-08T07:45:00Z",
            "status = \"paused\"   # waiting for the gateway",
            "owner = \"platform\"",
            "## Background",
            "## Handoff",
        ],
    ),
    (
        "2026-01-09-session-12-bold-lines.md",
        &[
            "# Session 12: Faster start of the worker",
            "**Date**: 2026-01-09",
            "**Status**: In progress",
            "**Branch**: `perf/worker-start`",
            "## Objective",
            "## Work Log",
        ],
    ),
    (
        "2026-01-10-bold-status-with-remark.md",
        &[
            "**Status:** Blocked (the key store is down)",
            "**Started:** 2026-01-10 14:20 UTC",
        ],
    ),
    (
        "2026-01-11-list-metadata.md",
        &[
            "- **Date**: 2026-01-11",
            "- **Branch**: chore/driver",
            "- Status: done",
        ],
    ),
    (
        "2026-01-12-table-metadata.md",
        &[
            "| Field  | Value        |",
            "| Date   | 2026-01-12   |",
            "| Status | ✅ Complete  |",
            "| Branch | feat/pdf     |",
        ],
    ),
    (
        "2026-01-15-iso-headings.md",
        &[
            "## Progress log",
            "### 2026-01-15T10:15Z Reproduced it",
            "### 2026-01-15T12:02:30+01:00 - claude/review",
        ],
    ),
    (
        "2026-01-17-table-log.md",
        &[
            "## Background",
            "## Timeline",
            "| Time  | Agent  | What | Result |",
        ],
    ),
    ("2026-01-18-table-that-is-no-log.md", &["## Activity"]),
    (
        "2026-01-19-windows.md",
        &[
            "**Datum**: 2026-01-19",
            "**Status**: aktiv",
            "**Branch**: feat/fenster",
            "## Journal",
        ],
    ),
    (
        "2026-01-20-fences.md",
        &["**Status**: active", "## Work log"],
    ),
    (
        "2026-01-21-japanese.md",
        &["date: 2026-01-21", "## Background"],
    ),
    (
        "2026-01-22-emoji-headings.md",
        &[
            "## 🎯 Goal",
            "## 📍 Current Status",
            "## ➡️ Next Steps (in this order)",
            "## 🧠 Learnings",
        ],
    ),
    ("2026-01-24-no-title.md", &["## Problem", "## Status"]),
    ("2026-01-25-nested-lists.md", &["## Todo"]),
    (
        "2026-01-27-level-three-sections.md",
        &["### Current Status"],
    ),
    ("2026-01-30-both-names.md", &["## Background"]),
    ("2026-01-31-setext.md", &["Background"]),
    ("2026-02-01-days-in-the-log.md", &["## Journal"]),
    (
        "2026-02-04-metadata-section.md",
        &[
            "- **Date**: 2026-02-04",
            "- **Branch**: fix/timeouts",
            "## Next Session",
        ],
    ),
    ("2026-02-05-rule-first.md", &["## Status"]),
    ("2026-02-06-own-key-names.md", &["date: 2026-02-06"]),
    (
        "2026-02-07-several-on-a-line.md",
        &["**Date:** 2026-02-07 | **Branch:** main | **Status:** on hold"],
    ),
    (
        "2026-02-08-no-final-newline.md",
        &["## Work log", "* 2026-02-08 10:00 UTC: **done** with it"],
    ),
    ("2026-02-09-strong-times.md", &["## Activity log"]),
    ("20260106-101500-nested-incomplete.md", &["status: wip"]),
    ("notes on login.md", &["date: January 5, 2026"]),
    ("session-12.md", &["# Session 12 – Done"]),
];

fn now() -> Timestamp {
    parse_rfc3339("2026-03-01T12:00:00Z").unwrap().at
}

fn adopt(name: &str, bytes: &[u8]) -> agentsess::Result<Option<Plan>> {
    let source = Source::new(bytes.to_vec());
    let file = Foreign {
        name,
        source: &source,
        modified: now(),
    };
    plan(file, &Config::default(), now())
}

fn adopted(name: &str, bytes: &[u8]) -> (Plan, String) {
    let plan = adopt(name, bytes)
        .unwrap_or_else(|error| panic!("{name}: {error}, {:?}", error.details))
        .unwrap_or_else(|| panic!("{name} is taken for a session"));
    let text = String::from_utf8(plan.bytes.clone()).unwrap();
    (plan, text)
}

/// The rules that report an error.
fn errors(name: &str, bytes: &[u8]) -> Vec<&'static str> {
    let config = Config::default();
    let settings = Settings::new(&config, now());
    let findings = lint::check(name, &Source::new(bytes.to_vec()), settings);
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    errors.map(|finding| finding.rule.name).collect()
}

#[test]
fn every_habit_becomes_what_a_careful_person_would_write() {
    for (name, bytes) in support::fixtures("adopt") {
        let (plan, text) = adopted(&name, &bytes);
        let report = serde_json::to_string(&plan.report).unwrap();
        let text = text.replace('\r', "␍").replace('\u{feff}', "<BOM>");
        let shown = format!("{}\n{report}\n\n{text}", plan.name);
        insta::assert_snapshot!(name.replace([' ', '.'], "-"), shown);
    }
}

#[test]
fn a_result_has_no_error_but_honestly_empty_sections_and_stays_what_it_is() {
    for (name, bytes) in support::fixtures("adopt") {
        let (plan, _) = adopted(&name, &bytes);
        let mut found = errors(&plan.name, &plan.bytes);
        found.retain(|rule| *rule != "empty-section");
        assert!(found.is_empty(), "{name}: {found:?}");
        let again = adopt(&plan.name, &plan.bytes).unwrap();
        assert!(again.is_none(), "{name} changes when adopted again");
        let source = Source::new(plan.bytes);
        let document = Document::parse(&source);
        assert!(document.frontmatter.title().is_some(), "{name}");
        assert!(document.frontmatter.current_task().is_some(), "{name}");
    }
}

/// The table of times in the documentation, entry by entry.
#[test]
fn times_are_read_as_documented() {
    let page = std::fs::read_to_string("docs/adopt.md").unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with("| form"));
    let rows: Vec<&str> = rows
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for form in cells[1].split('`').skip(1).step_by(2) {
            let text = format!("# A\n\n## Journal\n\n- {form} worked\n");
            let (plan, new) = adopted("a.md", text.as_bytes());
            let entry = new.lines().find(|line| line.starts_with("### "));
            let at = entry.map_or("no entry", |entry| &entry[4..20]);
            assert!(cells[2].starts_with(at), "{form}: {new}");
            assert_eq!(
                plan.report.not_understood.len(),
                usize::from(entry.is_none()),
                "{form}"
            );
            let period = form
                .split_once("09:00")
                .filter(|_| cells[2].contains("period"));
            let words = period.map_or("worked".to_owned(), |(_, end)| format!("09:00{end} worked"));
            assert!(
                entry.is_none() || new.lines().any(|line| line == words),
                "{new}"
            );
        }
    }
}

#[test]
fn every_line_is_still_there_or_is_named_here() {
    let mut said: Vec<(&str, &str)> = SAID
        .iter()
        .flat_map(|(name, lines)| lines.iter().map(move |line| (*name, *line)))
        .collect();
    let mut lost = Vec::new();
    for (name, bytes) in support::fixtures("adopt") {
        let (_, new) = adopted(&name, &bytes);
        let input = String::from_utf8(bytes).unwrap();
        // Each line of the result answers for one line of the input.
        let new = format!("{new}\n{}", "\n".repeat(8));
        let mut left: Vec<&str> = new.lines().collect();
        for line in input.lines() {
            let marks = |c: char| "#*-+[]()|/=>`_ \t\u{feff}".contains(c);
            let words = |line: &str| -> Vec<String> {
                let words = line.split(|c: char| c.is_whitespace() || marks(c));
                let words = words.map(|word| word.trim_matches([':', '"', '\\', '–', '—']));
                let words = words.filter(|word| !word.is_empty());
                words.map(str::to_owned).collect()
            };
            let wanted = words(line);
            if wanted.is_empty() {
                continue;
            }
            let holds = |new: &&str| {
                let given = words(new);
                let mut given = given.iter();
                wanted.iter().all(|word| given.any(|own| own == word))
            };
            if let Some(at) = left.iter().position(holds) {
                left.remove(at);
                continue;
            }
            // An entry of the log has its time and its text on lines of their own.
            let all: Vec<&str> = new.lines().collect();
            let entry = all.windows(8).any(|near| {
                let given = words(&near.join("\n"));
                near[0].starts_with("### 20") && wanted.iter().all(|word| given.contains(word))
            });
            if entry {
                continue;
            }
            let entry = said
                .iter()
                .position(|(file, said)| *file == name && *said == line.trim());
            match entry {
                Some(at) => {
                    said.remove(at);
                }
                None => lost.push(format!("{name}: {line}")),
            }
        }
    }
    assert!(lost.is_empty(), "lost:\n{}", lost.join("\n"));
    assert!(said.is_empty(), "named, but not gone: {said:?}");
}

#[test]
fn every_original_comes_back_byte_for_byte() {
    let project = Project::git();
    let fixtures = support::fixtures("adopt");
    for (name, bytes) in &fixtures {
        let path = project.write(&format!(".agents/sessions/{name}"), "");
        std::fs::write(path, bytes).unwrap();
    }
    let before = project.snapshot();
    let printed = project.ok(&["adopt", ".agents/sessions"]);
    let undo: Vec<&str> = printed
        .lines()
        .filter_map(|l| l.strip_prefix("undo: "))
        .collect();
    assert_eq!(undo.len(), fixtures.len());
    assert_ne!(project.snapshot(), before);
    let adopted = project.snapshot();
    let again = project.ok(&["adopt", ".agents/sessions"]);
    assert_eq!(
        again.matches("already in the scheme").count(),
        fixtures.len()
    );
    assert_eq!(project.snapshot(), adopted);
    for command in undo {
        let said = project.shell(command);
        assert!(said.starts_with("restored "), "{command}: {said}");
    }
    assert_eq!(project.snapshot(), before);
}

#[test]
fn an_original_goes_back_to_where_it_was() {
    let project = Project::git();
    let text = |what: &str| format!("# {what}\n\n## Next\n\n- go on\n");
    let (a, b) = (text("First"), text("Second"));
    let first = project.write("notes/q 1/plan.md", &a);
    let second = project.write("notes/q2/plan.md", &b);
    let printed = project.ok(&["adopt", "notes/q 1", "notes/q2"]);
    let undo: Vec<&str> = printed
        .lines()
        .filter_map(|l| l.strip_prefix("undo: "))
        .collect();
    assert_eq!(
        undo,
        [
            "agentsess restore 'notes/q 1/plan.md'",
            "agentsess restore notes/q2/plan.md"
        ]
    );
    let said = project.fails(2, &["restore", "plan"]);
    assert!(said.contains("fits several"), "{said}");
    // Its folder need not be there any more, but its place has to be free.
    std::fs::remove_dir(first.parent().unwrap()).unwrap();
    project.write("notes/q2/plan.md", "another\n");
    assert_eq!(project.shell(undo[0]), "restored notes/q 1/plan.md\n");
    let said = project.shell(undo[1]);
    assert!(
        said.contains("notes/q2/plan.md: this file exists already"),
        "{said}"
    );
    assert_eq!(project.snapshot().len(), 1);
    std::fs::remove_file(&second).unwrap();
    assert_eq!(project.shell(undo[1]), "restored notes/q2/plan.md\n");
    assert_eq!(std::fs::read_to_string(first).unwrap(), a);
    assert_eq!(std::fs::read_to_string(second).unwrap(), b);
    assert!(project.snapshot().is_empty());
}

#[test]
fn an_original_does_not_go_back_out_of_the_project() {
    let project = Project::git();
    let path = project.write("notes/plan.md", "# Plan\n\n## Next\n\n- go on\n");
    project.ok(&["adopt", "notes"]);
    let outside = project.root.parent().unwrap().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::remove_dir(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&outside, path.parent().unwrap()).unwrap();
    let said = project.fails(2, &["restore", "plan"]);
    assert!(said.contains("no longer in the project"), "{said}");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(project.snapshot().len(), 1);
}

#[test]
fn two_files_alike_become_two_sessions() {
    let project = Project::git();
    let text = "---\ndate: 2026-01-03\n---\n# Half\n\n## Next\n\n- go on\n";
    for name in ["old/a.md", "old/b.md"] {
        project.write(name, text);
    }
    project.ok(&["adopt", "old"]);
    project.write("old/c.md", text);
    project.ok(&["adopt", "old/c.md"]);
    assert_eq!(project.snapshot().len(), 3);
    for (left, name) in [(2, "old/a.md"), (1, "old/b.md"), (0, "old/c.md")] {
        project.ok(&["restore", name]);
        assert_eq!(project.snapshot().len(), left);
        assert_eq!(
            std::fs::read_to_string(project.root.join(name)).unwrap(),
            text
        );
    }
}

#[test]
fn what_changed_since_is_not_undone() {
    let project = Project::git();
    let name = ".agents/sessions/20260106-101500-in-place.md";
    let path = project.write(name, "# In place\n\n## Next\n\n- go on\n");
    project.ok(&["adopt", name]);
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("\nmore\n");
    std::fs::write(&path, &text).unwrap();
    let said = project.fails(2, &["restore", "20260106-101500-in-place"]);
    assert!(said.contains("this file exists already"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn what_is_no_session_is_refused_and_the_others_are_done() {
    let project = Project::git();
    let folder = project.root.join("old");
    project.write("old/1-good.md", "# Good\n\n## Next\n\n- go on\n");
    project.write("old/2-empty.md", "\n \n");
    project.write("old/3-prose.md", "Just a sentence.\n");
    std::fs::write(folder.join("4-binary.md"), b"# A\n\xff\xfe\0").unwrap();
    project.write("old/5-fence.md", "# A\n\n```\nopen\n");
    project.write("old/6-yaml.md", "---\nstatus: [open\n---\n# A\n");
    project.write(
        "old/7-secret.md",
        &format!("# A\n\nghp_{}\n", "aB3dE5fG7h".repeat(4).split_at(36).0),
    );
    std::os::unix::fs::symlink("1-good.md", folder.join("8-link.md")).unwrap();
    let large = "# A\n".to_owned() + &"x\n".repeat(9 << 20);
    project.write("old/9-large.md", &large);
    project.write("old/README.md", "# Not a session\n");
    let said = project.fails(1, &["adopt", "old"]);
    let reasons = [
        ("2-empty", "the file is empty"),
        ("3-prose", "no heading and no metadata"),
        ("4-binary", "no UTF-8 text"),
        ("5-fence", "never closed"),
        ("6-yaml", "not valid YAML"),
        ("7-secret", "secret"),
        ("8-link", "symbolic link"),
        ("9-large", "more than the 16777216"),
    ];
    for (file, reason) in reasons {
        let line = said
            .lines()
            .find(|line| line.starts_with(&format!("refused old/{file}")));
        let line = line.unwrap_or_else(|| panic!("{file}: {said}"));
        assert!(line.contains(reason), "{line}");
        assert!(
            folder.join(format!("{file}.md")).symlink_metadata().is_ok(),
            "{file}"
        );
    }
    assert!(said.contains("adopted old/1-good.md -> "), "{said}");
    assert!(!folder.join("1-good.md").exists());
    assert_eq!(project.snapshot().len(), 1);
    let outside = project.root.parent().unwrap().join("outside.md");
    std::fs::write(&outside, "# Outside\n").unwrap();
    let said = project.fails(1, &["adopt", "../outside.md"]);
    assert!(said.contains("not in the project"), "{said}");
    assert!(outside.exists());
}

#[test]
fn what_was_guessed_or_is_broken_now_is_said() {
    let project = Project::git();
    project.write("docs/x.md", "# X\n");
    let links =
        "[d](../docs/x.md#a) ![i](../docs/x.md) [gone](y.md) [web](https://a.b/c) [h](#a)\n";
    project.write(
        "q/a.md",
        &format!("# A – paused\n\n{links}\n## Next\n\n- 09:05 go on\n"),
    );
    let said = project.ok(&["adopt", "q/*.md"]);
    for part in [
        "created from the time of the file",
        "1 line with a time not understood, from line 7 on",
        "2 relative links point elsewhere now",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = project.ok(&["adopt", ".agents/sessions/*.md"]);
    assert!(
        said.contains("already in the scheme, but `agentsess lint` finds 2 errors"),
        "{said}"
    );
    assert!(
        said.contains("hint: agentsess lint .agents/sessions/"),
        "{said}"
    );
    let said = project.ok(&["adopt", "q"]);
    assert!(said.contains("no `*.md` file is there"), "{said}");
    let said = project.fails(2, &["adopt", "q/*.md"]);
    assert!(
        said.contains("no Markdown file matches this glob"),
        "{said}"
    );
    let said = project.fails(2, &["adopt", "q/[.md"]);
    assert!(said.contains("this glob is wrong"), "{said}");
}

#[test]
fn no_secret_is_printed() {
    let token = format!("ghp_{}", "aB3dE5fG7h".repeat(4).split_at(36).0);
    let (key, line) = (
        "-----BEGIN RSA PRIVATE KEY-----",
        "Qk3v9Xz7Lm2Pq8Rt".repeat(3),
    );
    let texts = [
        format!("# S\n\n{token}\n"),
        format!("# {token}\n\n## Next\n"),
        format!("---\n{token}: 1\n{token}: 2\n---\n# S\n"),
        format!("---\n{token}: [\n---\n# S\n"),
        format!("# S\n\n```\n{token}\n"),
        format!("# S\n\n{key}\n{line}\n{line}\u{202e}\n-----END RSA PRIVATE KEY-----\n"),
        format!("# S\n\n## {token}\n"),
    ];
    let secret = |said: &str| said.contains(&token[4..]) || said.contains(&line);
    for text in &texts {
        for config in ["", "[lint]\nignore = [\"secret\"]\n"] {
            for options in [&[][..], &["--json"], &["--diff"], &["--dry-run"]] {
                let project = Project::git();
                project.write(".agents/agentsess.toml", config);
                project.write("s.md", text);
                let output = project.run(&[&["adopt", "s.md"], options].concat());
                let printed = [output.stdout, output.stderr].concat();
                let said = String::from_utf8(printed).unwrap();
                assert!(!said.is_empty());
                assert!(!secret(&said), "{options:?}\n{text}\n{said}");
            }
        }
    }
}

#[test]
fn a_run_that_was_cut_short_is_finished_by_the_next_one() {
    let project = Project::git();
    let text = "---\ndate: 2026-01-03\n---\n# Half\n\n## Next\n\n- go on\n";
    let path = project.write("old/half.md", text);
    project.ok(&["adopt", "old"]);
    // As if the original had not been removed yet.
    std::fs::write(&path, text).unwrap();
    project.ok(&["adopt", "old"]);
    assert_eq!(project.snapshot().len(), 1);
    // Another file of the same name and time is another session.
    std::fs::write(&path, text.replace("go on", "go back")).unwrap();
    project.ok(&["adopt", "old"]);
    let names: Vec<_> = project
        .snapshot()
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert!(
        names[1].ends_with("20260103-000000-half-2.md")
            || names[0].ends_with("20260103-000000-half-2.md"),
        "{names:?}"
    );
}

/// Pieces of many habits; `@` becomes a word that is nowhere else.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "---\n",
        "status: done\n",
        "date: 2026-01-03\n",
        "title: @\n",
        "+++\n",
        "session:\n",
        "  title: @\n",
        "# @\n",
        "# Session 12: @ – Done\n",
        "\n",
        "\n\n",
        "**Date**: 2026-01-03\n",
        "**Status**: @\n",
        "- **Branch**: @\n",
        "| Date | @ |\n|---|---|\n| 10:00 | @ |\n",
        "| Time | Who | What |\n|--|--|--|\n| 2026-01-03 10:00 | @ | @ @ |\n",
        "## Background\n",
        "## What's next (@)\n",
        "## Next Steps: @\n",
        "### Context\n",
        "## Status\n",
        "Done\n",
        "## Journal\n",
        "## Log\n",
        "### 2026-01-03\n",
        "### 2026-01-03 10:15 - @\n",
        "## 2026-01-03T10:15Z @ @\n",
        "#### 10:15 @\n",
        "- 2026-01-03 10:15 fix(@): @\n",
        "- [2026-01-03 10:15] @\n  @\n\n  ```\n  @\n  ```\n",
        "- 10:15 @\n",
        "- @\n",
        "  - @\n",
        "10:15 @\n",
        "2026-01-03 10:15 **@** @\n",
        "@ @ @\n",
        "```\n",
        "<!-- @ -->\n",
        "> @\n",
        "    @\n",
        "***\n",
        "===\n",
        "- [ ] @\n",
        "- [x] @\n",
        "\\@\n",
        "&@;\n",
        "\t@\n",
        "\r\n",
        "1. @\n",
        "[@]: @\n",
        "<div>\n",
        "\u{feff}",
        "@ – Done\n",
    ]);
    prop::collection::vec(piece, 0..30).prop_map(|pieces| {
        let mut count = 0;
        let mut text = String::new();
        for c in pieces.concat().chars() {
            if c == '@' {
                count += 1;
                write!(text, "w{count}x").unwrap();
            } else {
                text.push(c);
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn no_word_is_lost_whatever_the_mixture(
        text in pieces(),
        name in prop::sample::select(vec![
            "2026-01-03-a-b.md", "x.md", "20260103-101500-a.md", "session-12.md", "2026-01-03.md",
        ]),
    ) {
        if let Ok(Some(plan)) = adopt(name, text.as_bytes()) {
            let new = String::from_utf8(plan.bytes.clone()).unwrap();
            let words = |text: &str| -> Vec<String> {
                let words = text.split(|c: char| !c.is_ascii_alphanumeric());
                let own = |word: &&str| {
                    word.strip_prefix('w').and_then(|w| w.strip_suffix('x'))
                        .is_some_and(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_digit()))
                };
                words.filter(own).map(str::to_owned).collect()
            };
            let given = words(&new);
            for word in words(&text) {
                prop_assert!(given.contains(&word), "{word} is lost:\n{text}\n====\n{new}");
            }
            let mut errors = errors(&plan.name, &plan.bytes);
            errors.retain(|rule| *rule != "empty-section");
            prop_assert!(errors.is_empty(), "{errors:?}\n{new}");
            prop_assert!(adopt(&plan.name, &plan.bytes).unwrap().is_none());
        }
    }
}
