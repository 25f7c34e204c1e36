//! Hostile input is a diagnostic: whatever is in a session, every command that reads it ends by
//! itself, in bounded time and memory, and says what is wrong.

mod common;

use std::process::Output;

use common::Project;

/// Of address space, in KiB.
const MEMORY: u32 = 1024 * 1024;
/// Of processor time, in seconds, for a build that is not optimised.
const TIME: u32 = 20;
/// What a session may have, in bytes.
const FILE_LIMIT: usize = 16 * 1024 * 1024;

/// Up to this many bytes every command is run; beyond, where each takes long, the first three.
const LARGE: usize = 128 * 1024;

const COMMANDS: [&[&str]; 9] = [
    &["lint"],
    &["show", "hostile"],
    &["log", "An entry.", "-s", "hostile", "--state", "New."],
    &["lint", "--json"],
    &["lint", "--diff", "--unsafe-fixes"],
    &["show", "hostile", "--json"],
    &["show", "hostile", "--full"],
    &["list"],
    &["close", "hostile", "--dry-run"],
];

fn bounded(project: &Project, arguments: &[&str]) -> Output {
    let mut command = project.isolated("sh");
    // Not every system can limit address space.
    let script = format!(
        "ulimit -t {TIME} && (ulimit -v {MEMORY}) 2>/dev/null && ulimit -v {MEMORY}; exec \"$0\" \"$@\""
    );
    command.args(["-c", &script, env!("CARGO_BIN_EXE_agentsess")]);
    command.args(arguments).output().unwrap()
}

fn survives(what: &str, bytes: &[u8]) {
    let project = Project::bare();
    project.write(".agents/sessions/README.md", "");
    let path = project.session("hostile");
    let commands = if bytes.len() > LARGE { 3 } else { 9 };
    for arguments in &COMMANDS[..commands] {
        std::fs::write(&path, bytes).unwrap();
        let output = bounded(&project, arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let told = || {
            let start: String = errors.chars().take(2000).collect();
            format!("{what}: {arguments:?}: {:?}: {start}", output.status)
        };
        let code = output.status.code();
        assert!(code.is_some_and(|code| code <= 2), "{}", told());
        assert!(!errors.contains("panicked"), "{}", told());
        let after = std::fs::read(&path).unwrap();
        if arguments[0] == "log" && code == Some(0) {
            let text = String::from_utf8_lossy(&after);
            assert!(text.contains("An entry."), "{}", told());
        } else {
            assert!(after == bytes, "changed by {}", told());
        }
        if arguments[0] == "list" {
            assert!(output.stdout.len() < 2000, "{}", told());
        }
        if code == Some(2) {
            assert!(
                errors.contains("hint: ") || arguments.contains(&"--json"),
                "{}",
                told()
            );
        }
        if *arguments == ["show", "hostile"] && code == Some(0) {
            let shown = String::from_utf8_lossy(&output.stdout);
            assert!(shown.chars().count() <= 4000, "{}", told());
        }
    }
}

const HEAD: &str = "session:\n  title: \"Hostile\"\n  status: in_progress\n  created: \"2025-12-04T14:30:00Z\"\n  last_updated: \"2025-12-04T14:30:00Z\"\norchestration:\n  current_task: \"t\"\n";
const BODY: &str = "# Session: Hostile\n\n## Context\n\nc\n\n## Current State\n\ns\n\n## Next Steps\n\n- n\n\n---\n\n## Session Log\n\n### 2025-12-04 14:30 - dev/created\n\nx\n";

/// With this in its frontmatter, once before and once behind what every session has.
fn frontmatter(what: &str, yaml: &str) {
    survives(what, format!("---\n{yaml}\n{HEAD}---\n\n{BODY}").as_bytes());
    survives(what, format!("---\n{HEAD}{yaml}\n---\n\n{BODY}").as_bytes());
}

/// With this behind its first sections.
fn body(what: &str, markdown: &str) {
    survives(
        what,
        format!("---\n{HEAD}---\n\n{BODY}\n\n{markdown}").as_bytes(),
    );
}

fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn nested_brackets() {
    let nested = "[".repeat(10_000) + &"]".repeat(10_000);
    frontmatter("10,000 nested lists", &format!("x: {nested}"));
    frontmatter("100 KB of brackets", &format!("x: {}", "[".repeat(100_000)));
    let deeper = "[".repeat(100_000) + &"]".repeat(100_000);
    frontmatter("100,000 nested lists", &format!("x: {deeper}"));
}

#[test]
fn nested_blocks() {
    let map = numbered(2_000, |depth| format!("{}a:\n", " ".repeat(depth)));
    frontmatter("a map 2,000 deep", &map);
    frontmatter("20 KB of dashes", &"- ".repeat(10_000));
    frontmatter("40 KB of question marks", &"? ".repeat(20_000));
}

#[test]
fn aliases_that_multiply() {
    let bomb = numbered(9, |level| {
        let before = level
            .checked_sub(1)
            .map_or("lol".to_owned(), |level| format!("*a{level}"));
        format!("a{level}: &a{level} [{}]\n", vec![before; 9].join(", "))
    });
    frontmatter("an alias bomb", &bomb);
}

#[test]
fn long_values_and_many_keys() {
    frontmatter(
        "a value of 10 MB",
        &format!("x: \"{}\"", "x".repeat(10_000_000)),
    );
    frontmatter(
        "100,000 keys",
        &numbered(100_000, |key| format!("key{key}: 1\n")),
    );
    frontmatter(
        "20,000 keys",
        &numbered(20_000, |key| format!("key{key}: 1\n")),
    );
}

#[test]
fn deep_markdown() {
    body("100,000 quotes", &("> ".repeat(100_000) + "x\n"));
    body("100,000 lists", &("- ".repeat(100_000) + "x\n"));
    body("100,000 brackets", &"[".repeat(100_000));
    body("100,000 emphases", &"*a _b ".repeat(50_000));
}

#[test]
fn files_and_lines_that_are_too_long() {
    let line = "x".repeat(FILE_LIMIT - 2000);
    body("the longest line", &line);
    let text = format!("---\n{HEAD}---\n\n{BODY}{}", "x".repeat(100_000_000));
    survives("a line of 100 MB", text.as_bytes());
    let project = Project::bare();
    project.write(".agents/sessions/20251204-143000-hostile.md", &text);
    let told = String::from_utf8(bounded(&project, &["lint"]).stderr).unwrap();
    assert!(told.contains("bytes, more than the 16777216"), "{told}");
}

#[test]
fn what_is_no_text() {
    survives("nothing", b"");
    survives("NUL", &vec![0; 100_000]);
    survives("no UTF-8", &vec![0xff; 100_000]);
    for bytes in [
        &[0_u8][..],
        &[0xff],
        &[0xc3],
        &[0xed, 0xa0, 0x80],
        &[0x1b, 0x5b],
    ] {
        let broken = |text: &str| {
            let parts: Vec<&[u8]> = text.as_bytes().split(|byte| *byte == b' ').collect();
            parts.join(bytes)
        };
        survives(
            "broken words",
            &broken(&format!("---\n{HEAD}---\n\n{BODY}")),
        );
        survives(
            "a broken body",
            &[format!("---\n{HEAD}---\n\n").into_bytes(), broken(BODY)].concat(),
        );
    }
}

#[test]
fn what_is_never_closed() {
    for open in [
        "x: [", "x: {a: ", "x: \"", "x: '", "x: |\n ", "x: &", "x: !<", "x: @", "%", "x: {{", "? [",
    ] {
        frontmatter(open, open);
        survives(open, format!("---\n{HEAD}{open}").as_bytes());
    }
    for open in [
        "```\n",
        "~~~\n",
        "<!-- ",
        "<pre>",
        "<script>",
        "<![CDATA[",
        "<?",
        "<!A",
        "[a](",
        "![",
        "`",
        "**",
        "[a]: <",
        "> ```\n",
        "- <!--\n",
        "## ",
        "| a |\n|",
        "<!-- agentsess-disable ",
    ] {
        body(open, open);
        body(open, &open.repeat(5_000));
        survives(open, open.repeat(5_000).as_bytes());
    }
}
