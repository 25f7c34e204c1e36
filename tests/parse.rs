//! What one pass over a file gives, however the file is broken.

#![expect(clippy::format_collect, reason = "short, and fast enough for a test")]

use agentsess::document::schema::{REQUIRED_SECTIONS, SESSION_LOG};
use agentsess::document::{Document, Edit, Fences, Fill, Scalar, SessionName, Source, Unclosed};

mod support;

fn names(document: &Document) -> Vec<String> {
    let body = &document.body;
    body.sections
        .iter()
        .map(|section| body.name(section).to_owned())
        .collect()
}

/// Parses `text` and hands the document over.
fn read<T>(text: &str, look: impl FnOnce(&Document) -> T) -> T {
    look(&Document::parse(&Source::new(text.into())))
}

fn fixture(kind: &str, name: &str) -> Source {
    let found = support::fixtures(kind)
        .into_iter()
        .find(|(found, _)| found == name);
    Source::new(found.unwrap().1)
}

#[test]
fn good_fixtures_are_read_without_an_error() {
    for (name, bytes) in support::fixtures("good") {
        let source = Source::new(bytes);
        let document = Document::parse(&source);
        let front = &document.frontmatter;
        assert!(SessionName::parse(&name).is_some(), "{name}");
        assert_eq!(front.fences, Fences::Closed, "{name}");
        assert_eq!(front.error, None, "{name}");
        assert_eq!(front.duplicates, [], "{name}");
        assert!(
            front.title().is_some() && front.status().is_some(),
            "{name}"
        );
        assert!(front.current_task().is_some(), "{name}");
        let created = front.timestamp(&["session", "created"]).unwrap().at;
        assert!(created <= front.last_updated().unwrap().at, "{name}");
        assert_eq!(document.body.unclosed, None, "{name}");
        assert!(source.invalid().is_empty(), "{name}");
        for required in REQUIRED_SECTIONS {
            assert_eq!(
                document.body.sections_named(required).count(),
                1,
                "{name}: {required}"
            );
            let (_, section) = document.body.section(required).unwrap();
            assert_ne!(section.fill, Fill::Empty, "{name}: {required}");
        }
        for entry in document.body.log(document.text) {
            assert!(entry.stamp().is_some() && !entry.text.is_empty(), "{name}");
        }
        assert!(!document.is_behind(), "{name}");
    }
}

#[test]
fn bad_fixtures_still_have_their_sections() {
    // What swallows a section, or is none.
    let without = [
        "20251215-080000-empty.md",
        "20251215-080000-missing-section.md",
        "20251215-080000-misspelled-section.md",
        "20251215-080000-section-at-wrong-level.md",
        "20251215-080000-heading-only-in-fence.md",
        "20251215-080000-unclosed-fence.md",
        "20251215-080000-unclosed-comment.md",
        "20251215-080000-unclosed-pre.md",
        "20251215-080000-no-space-after-hashes.md",
    ];
    let mut missing = Vec::new();
    for (name, bytes) in support::fixtures("bad") {
        let source = Source::new(bytes);
        let document = Document::parse(&source);
        let found = |required: &&str| document.body.section(required).is_some();
        if !REQUIRED_SECTIONS.iter().all(found) {
            missing.push(name);
        }
    }
    missing.sort();
    let mut without = without.map(String::from);
    without.sort();
    assert_eq!(missing, without);
}

#[test]
fn sections_are_found_despite_broken_yaml() {
    let source = fixture("bad", "20251215-080000-yaml-unclosed-quote.md");
    let document = Document::parse(&source);
    assert!(document.frontmatter.error.is_some());
    assert_eq!(document.frontmatter.title(), Some("Cache the avatars"));
    assert_eq!(names(&document), REQUIRED_SECTIONS);
}

#[test]
fn what_stands_before_a_yaml_error_is_kept_and_marked() {
    read("---\na:\n  x: 1\nb:\n  y: \"2\n---\n", |document| {
        let root = document.frontmatter.root.as_ref().unwrap();
        assert!(!root.complete);
        assert!(root.entry("a").unwrap().value.complete);
        assert_eq!(document.frontmatter.text(&["a", "x"]), Some("1"));
    });
}

#[test]
fn a_log_needs_no_frontmatter() {
    let text = "## Session Log\n\n### 2025-12-04 14:30 - dev/note\n\nOne.\n\n### later\nTwo.\n";
    read(text, |document| {
        assert_eq!(document.frontmatter.fences, Fences::Missing);
        let log = document.body.log(text);
        let stamps: Vec<_> = log
            .iter()
            .map(|entry| entry.stamp().map(|s| s.agent))
            .collect();
        assert_eq!(stamps, [Some("dev"), None]);
        let texts: Vec<_> = log.iter().map(|entry| entry.text.of(text)).collect();
        assert_eq!(texts, ["One.", "Two."]);
    });
}

#[test]
fn an_unclosed_block_ends_at_the_first_section() {
    for name in ["unclosed-frontmatter", "unclosed-frontmatter-with-rule"] {
        let source = fixture("bad", &format!("20251215-080000-{name}.md"));
        let document = Document::parse(&source);
        assert_eq!(document.frontmatter.fences, Fences::Unclosed, "{name}");
        assert_eq!(
            document.frontmatter.title(),
            Some("Cache the avatars"),
            "{name}"
        );
        assert_eq!(document.frontmatter.error, None, "{name}");
        assert_eq!(names(&document)[..3], REQUIRED_SECTIONS, "{name}");
    }
}

#[test]
fn a_yaml_comment_that_looks_like_a_heading_ends_no_block() {
    let text = "---\n# Session: x\nsession:\n  title: a\n## Context\norchestration:\n---\n";
    read(text, |document| {
        assert_eq!(document.frontmatter.fences, Fences::Closed);
        assert_eq!(document.frontmatter.error, None);
    });
}

#[test]
fn only_headings_of_the_document_itself_are_sections() {
    let source = fixture("good", "20251206-080000-headings-that-are-none.md");
    let document = Document::parse(&source);
    let expected = ["Context", "Current State", "Next Steps", "Session Log"];
    assert_eq!(names(&document), expected);
    assert_eq!(document.body.log(document.text).len(), 1);
}

#[test]
fn underlined_headings_are_sections() {
    let source = fixture("good", "20251206-090000-setext.md");
    let document = Document::parse(&source);
    let expected = ["Context", "Current State", "Next Steps", "Session Log"];
    assert_eq!(names(&document), expected);
    let (_, section) = document.body.section("Current State").unwrap();
    assert_eq!(section.body.of(document.text), "Both styles are read.");
}

#[test]
fn spans_are_exact_whatever_the_line_ends() {
    for line_break in ["\n", "\r\n", "\r"] {
        let text = "\u{feff}---\nsession: {title: \"Ü\"} # c\n---\n\n# Session: *Ü* ##\n\n\
            ## Next Steps\n\n- [ ] #1 - ü\n  - [X] `b` c\n\n---\n\n## Session Log\n"
            .replace('\n', line_break);
        read(&text, |document| {
            let of = |span: agentsess::document::Span| span.of(&text);
            let title = document.frontmatter.entry(&["session", "title"]).unwrap();
            assert_eq!(of(title.value.span), "\"Ü\"");
            assert_eq!(of(title.key.span), "title");
            let heading = document.body.title().unwrap();
            assert_eq!(of(heading.span), "# Session: *Ü* ##");
            assert_eq!(of(heading.text_span), "Session: *Ü*");
            assert_eq!(heading.title, "Session: Ü");
            assert_eq!(names(document), ["Next Steps", "Session Log"]);
            let items: Vec<_> = document.body.items.iter().collect();
            assert_eq!(of(items[0].text), "#1 - ü");
            assert_eq!(of(items[1].text), "`b` c");
            let boxes: Vec<_> = items.iter().map(|item| item.checkbox.unwrap()).collect();
            assert_eq!((of(boxes[0].0), boxes[0].1), ("[ ]", false));
            assert_eq!((of(boxes[1].0), boxes[1].1), ("[X]", true));
            let (_, section) = document.body.section("next steps:").unwrap();
            assert!(of(section.body).starts_with("- [ ]") && of(section.body).ends_with("` c"));
            assert_eq!(document.line_break(), line_break);
        });
    }
}

#[test]
fn a_section_holds_nothing_a_placeholder_or_something() {
    let text = "## A\n\n## B\n<!-- x -->\n<!--\ny\n\n-->\n\n---\n\n## C\n<!-- x --> text <!-- y -->\n\
        ## D\n[a]: http://example.com\n\n## E\n\n---\n\n---\n";
    read(text, |document| {
        let fills: Vec<_> = document
            .body
            .sections
            .iter()
            .map(|section| section.fill)
            .collect();
        assert_eq!(
            fills,
            [
                Fill::Empty,
                Fill::Placeholder,
                Fill::Filled,
                Fill::Filled,
                Fill::Empty
            ]
        );
    });
}

#[test]
fn what_swallows_the_rest_of_the_file_is_named() {
    for (text, expected) in [
        ("## A\n\n```rust\n## B\n", "```rust"),
        ("## A\n\n~~~\n```\n", "~~~"),
        ("## A\n\n<!-- x\n\n## B\n", "<!-- x"),
        ("## A\n\n<pre>\n\n## B\n", "<pre>"),
        ("## A\n\n<script>x\n\n## B", "<script>x"),
    ] {
        read(text, |document| {
            let span = document.body.unclosed.map(Unclosed::span);
            assert_eq!(span.map(|span| span.of(text)), Some(expected), "{text:?}");
        });
    }
    for text in [
        "```\n```",
        "~~~~\n~~~\n~~~~  \n",
        "<!-- x -->",
        "<pre>\n</pre>",
        "<div>\n",
        "- ```\n  in a list\n\ntext\n",
    ] {
        read(text, |document| {
            assert_eq!(document.body.unclosed, None, "{text:?}");
        });
    }
}

#[test]
fn bytes_that_are_no_text_keep_their_place() {
    let source = fixture("bad", "20251215-080000-invalid-utf8.md");
    assert_eq!(source.text().len(), source.bytes().len());
    let runs: Vec<_> = source
        .invalid()
        .iter()
        .map(|span| span.end - span.start)
        .collect();
    assert_eq!(runs, [1, 1, 1]);
    assert_eq!(names(&Document::parse(&source)), REQUIRED_SECTIONS);
}

#[test]
fn an_alias_bomb_stays_as_small_as_it_is_written() {
    let source = fixture("bad", "20251215-080000-alias-bomb.md");
    let document = Document::parse(&source);
    assert_eq!(document.frontmatter.error, None);
    let last = document.frontmatter.entry(&["x9"]).unwrap();
    assert!(last.value.decorated);
    assert_eq!(last.value.items().unwrap().len(), 9);
}

/// Parses and edits in the smallest stack a thread may have to live with.
fn survives(what: &'static str, text: String) {
    let work = move || {
        let source = Source::new(text.into_bytes());
        let document = Document::parse(&source);
        let value = Scalar::Text("x");
        let at = agentsess::document::time::parse_rfc3339("2026-01-02T03:04:05Z")
            .unwrap()
            .at;
        let (agent, action, text) = ("dev", "note", "text");
        for edit in [
            Edit::Set {
                path: &["session", "title"],
                value,
            },
            Edit::Log {
                at,
                agent,
                action,
                text,
            },
            Edit::Check {
                item: 0,
                done: true,
            },
        ] {
            let _ = document.apply(&[edit]);
        }
        document.progress();
        document.is_behind();
        document.body.section(SESSION_LOG).is_some()
    };
    let thread = std::thread::Builder::new()
        .stack_size(2 * 1024 * 1024)
        .spawn(work);
    assert!(thread.unwrap().join().is_ok(), "{what}");
}

fn fenced(yaml: &str) -> String {
    format!("---\n{yaml}\n---\n\n# Session: x\n\n## Context\n\ntext\n")
}

#[test]
fn hostile_yaml_is_survived() {
    survives(
        "open brackets",
        fenced(&format!("a: {}", "[".repeat(100_000))),
    );
    survives(
        "nested lists",
        fenced(&("[".repeat(10_000) + &"]".repeat(10_000))),
    );
    survives("open braces", fenced(&"{a: ".repeat(30_000)));
    survives("complex keys", fenced(&"? ".repeat(20_000)));
    survives("compact lists", fenced(&"- ".repeat(20_000)));
    survives("quoted lines", fenced(&"\"\n".repeat(50_001)));
    let deep: String = (0..600).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    survives("a deep map", fenced(&deep));
    let keys: String = (0..20_000).map(|n| format!("key{n}: 1\n")).collect();
    survives("many keys", fenced(&keys));
    survives("one key many times", fenced(&"key: 1\n".repeat(20_000)));
    let keys: String = (0..100_000).map(|n| format!("key{n}: 1\n")).collect();
    survives("more than is parsed", fenced(&keys));
    survives(
        "a long value",
        fenced(&format!("a: \"{}\"", "x".repeat(250_000))),
    );
    survives(
        "a longer value",
        fenced(&format!("a: \"{}\"", "x".repeat(10_000_000))),
    );
    survives(
        "anchors",
        fenced(
            &(0..10_000)
                .map(|n| format!("a{n}: &a{n} 1\n"))
                .collect::<String>(),
        ),
    );
    survives("never closed", format!("---\n{}", "a: [\n".repeat(40_000)));
    survives(
        "never closed and long",
        format!("---\n{}", "a: 1\n".repeat(400_000)),
    );
}

#[test]
fn hostile_markdown_is_survived() {
    survives("deep quotes", ">".repeat(100_000) + " x\n");
    survives("deep spaced quotes", "> ".repeat(100_000) + "x\n");
    survives("deep lists", "- ".repeat(100_000) + "x\n");
    survives("deep numbers", "1. ".repeat(30_000) + "x\n");
    let nested: String = (0..1_000)
        .map(|n| format!("{}- [ ] x\n", "  ".repeat(n)))
        .collect();
    survives("nested lists", format!("## Next Steps\n\n{nested}"));
    survives("one long line", "x".repeat(1_000_000));
    survives(
        "one long heading",
        format!("## {}\n", "a *b* `c` ".repeat(10_000)),
    );
    survives("open emphasis", "*a **b ".repeat(10_000));
    survives("open links", "[".repeat(50_000));
    survives("open links and ends", "[a](".repeat(20_000));
    survives("open code", "`a``b```c".repeat(10_000));
    survives("open html", "<a <!-- <?x ".repeat(10_000));
    survives("many headings", "## Context\n".repeat(20_000));
    survives(
        "many entries",
        format!("## Session Log\n{}", "### x\n".repeat(20_000)),
    );
    survives("many underlines", "a\n---\n".repeat(20_000));
    survives("a tall heading", "a\n".repeat(50_000) + "---\n");
    survives("many rules", format!("## A\n{}", "---\n".repeat(50_000)));
    survives(
        "many comments",
        format!("## A\n\n{}", "<!-- x -->\n".repeat(30_000)),
    );
    survives(
        "many definitions",
        (0..20_000).map(|n| format!("[a{n}]: x\n")).collect(),
    );
    survives("NUL", "\0".repeat(100_000));
    survives("carriage returns", "\r".repeat(100_000));
}
