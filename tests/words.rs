//! No word of an item, a heading or a passage goes from a session when a section is replaced.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use agentsess::document::time::parse_rfc3339;
use agentsess::operations::{handoff, log};
use agentsess::store::{Place, Store};
use proptest::prelude::*;

const NAME: &str = "20251204-143000-words.md";

const HEAD: &str = "---\nsession:\n  title: \"Words\"\n  status: in_progress\n  \
    created: \"2025-12-04T14:30:00Z\"\n  last_updated: \"2025-12-04T14:30:00Z\"\n\
    orchestration:\n  current_task: \"t\"\n---\n\n# Session: Words\n\n";

/// Sections in the order of the file; Current State is not among those that keep their words.
const SECTIONS: [&str; 9] = [
    "Context",
    "Next Steps",
    "Execution Progress",
    "Files Modified",
    "Acceptance Criteria",
    "Decisions",
    "Lessons Learned",
    "Blockers",
    "Risks",
];

/// Blocks of Markdown; a word of its own takes the place of each `@`.
const BLOCKS: [&str; 13] = [
    "- [ ] @ @\n",
    "- [ ] BACK-7 - @\n",
    "- [x] @\n\n  @\n",
    "- [ ] @\n  @ more\n  - [x] @\n  - [ ] @\n\n    ```\n    @\n\n    @\n    ```\n",
    "* @\n  1. @\n",
    "3) [X] @\n",
    "\n@ @\n@\n\n",
    "\n> - [ ] @\n\n",
    "\n```sh\n# @\n\n- [ ] no @\n```\n\n",
    "\n### Wave 7: @ (ACTIVE)\n\n- [ ] @\n",
    "\n### @\n\n**Decision**: @\n\n**Rationale**: @\n\n",
    "\n#### @\n\n@ TODO\n\n",
    "\n<details>\n@\n</details>\n\n- ~~@~~\n",
];

/// What is asked for, as numbers that choose among what there is.
#[derive(Debug, Clone)]
struct Case {
    /// The blocks of each section.
    sections: Vec<Vec<usize>>,
    /// Of each section: whether it is replaced, which of its lines are given again, and whether
    /// as ticked.
    replaced: Vec<(bool, u16, bool)>,
    /// The steps that `--next` gives again.
    next: Option<u16>,
    /// `--replace`, `--done`, a handoff instead of an entry, lines that end with CRLF.
    flags: [bool; 4],
}

fn case() -> impl Strategy<Value = Case> {
    let blocks = prop::collection::vec(0..BLOCKS.len(), 1..5);
    (
        prop::collection::vec(blocks, SECTIONS.len()),
        prop::collection::vec(any::<(bool, u16, bool)>(), SECTIONS.len()),
        prop::option::of(any::<u16>()),
        any::<[bool; 4]>(),
    )
        .prop_map(|(sections, replaced, next, flags)| Case {
            sections,
            replaced,
            next,
            flags,
        })
}

/// The sections, each with its text.
fn sections(case: &Case) -> Vec<String> {
    let mut number = 0;
    let text = |blocks: &Vec<usize>| {
        let mut text = String::new();
        for character in blocks.iter().flat_map(|&block| BLOCKS[block].chars()) {
            if character == '@' {
                number += 1;
                write!(text, "q{number}z").unwrap();
            } else {
                text.push(character);
            }
        }
        text
    };
    case.sections.iter().map(text).collect()
}

fn words(text: &str) -> BTreeSet<&str> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect()
}

/// Of the lines that begin nothing which would take in the next ones, those that `mask` chooses.
fn some_lines(text: &str, mask: u16, ticked: bool) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines = lines.filter(|line| !line.contains("```") && !line.contains('<'));
    let chosen = lines
        .enumerate()
        .filter(|(at, _)| mask >> (at % 16) & 1 == 1);
    let mut given = String::from("new words\n");
    for (_, line) in chosen {
        let line = if ticked {
            line.replace("[ ]", "[x]")
        } else {
            line.to_owned()
        };
        given += &line;
        given.push('\n');
    }
    given
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_section_that_is_replaced_loses_no_word(case in case()) {
        let [replace, done, handoff, crlf] = case.flags;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".agents/sessions").join(NAME);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let sections = sections(&case);
        let mut text = HEAD.to_owned();
        for (name, section) in SECTIONS.iter().zip(&sections) {
            write!(text, "## {name}\n\n{section}\n").unwrap();
        }
        text += "## Current State\n\nBegun.\n\n---\n\n## Session Log\n\n\
            ### 2025-12-04 14:30 - dev/new\n\nSession created.\n";
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        fs::write(&path, &text).unwrap();
        let place = Place { directory: Some(folder.path().to_owned()), ..Place::default() };
        let store = Store::open(&place).unwrap();
        let now = parse_rfc3339("2025-12-04T14:31:00Z").unwrap().at;

        let steps: Vec<_> = sections[1].lines().filter(|line| line.contains("- [ ] ")).collect();
        let steps = steps.iter().enumerate().filter(|(at, _)| {
            case.next.is_some_and(|mask| mask >> (at % 16) & 1 == 1)
        });
        let mut next: Vec<_> =
            steps.map(|(_, line)| line.trim().replace("- [ ] ", "")).collect();
        next.extend(case.next.map(|_| "a new step".to_owned()));
        if handoff {
            let request = handoff::Request {
                agent: "dev",
                state: Some("Where it stands."),
                next: &next,
                replace,
                ..handoff::Request::default()
            };
            handoff::handoff(&store, NAME, &request, now).unwrap();
        } else {
            let mut input = "An entry.\n".to_owned();
            let chosen = SECTIONS.iter().zip(&sections).zip(&case.replaced);
            for ((name, section), &(replaced, mask, ticked)) in chosen {
                if replaced && (next.is_empty() || *name != "Next Steps") {
                    write!(input, "\n## {name}\n\n{}", some_lines(section, mask, ticked)).unwrap();
                }
            }
            let open = sections[1].lines().find_map(|line| line.strip_prefix("- [ ] q"));
            let done = open.map(|words| format!("q{words}")).filter(|_| done);
            let request = log::Request {
                agent: "dev",
                action: "note",
                input: Some(&input),
                state: Some("Where it stands."),
                next: &next,
                replace,
                done: done.as_slice(),
                ..log::Request::default()
            };
            log::log(&store, NAME, &request, now).unwrap();
        }
        let after = fs::read_to_string(&path).unwrap();
        let before: BTreeSet<_> = sections.iter().flat_map(|section| words(section)).collect();
        let kept = words(&after);
        let lost: Vec<_> = before.iter().filter(|word| !kept.contains(*word)).collect();
        prop_assert!(lost.is_empty(), "{lost:?} of\n{text}\nare lost in\n{after}");
        let headings = |text: &str| text.lines().filter(|line| line.starts_with("## ")).count();
        prop_assert_eq!(headings(&after), headings(&text), "{}", after);
    }
}
