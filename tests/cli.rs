//! The command line as its users see it.
//!
//! `tests/cmd/*.trycmd` hold help texts and wrong use, which need no project. `tests/transcripts/*.md`
//! and the README are documents whose `console` blocks are run by a real shell, one after the other
//! in a new git repository for each document; the expected output stands below each command, and
//! `? N` below that where the exit code is not 0. `UPDATE_TRANSCRIPTS=1` writes down what is printed.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use common::{NOW, Project};

#[test]
fn help_and_wrong_use() {
    trycmd::TestCases::new()
        .env("AGENTSESS_NOW", NOW)
        .env("COLUMNS", "100")
        .case("tests/cmd/*.trycmd")
        .run();
}

#[test]
fn transcripts() {
    let update = std::env::var_os("UPDATE_TRANSCRIPTS").is_some();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents: Vec<_> = fs::read_dir(root.join("tests/transcripts"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    documents.sort();
    documents.extend(
        [
            "README.md",
            "docs/handoff.md",
            "docs/json.md",
            "docs/planning.md",
            "docs/runs.md",
        ]
        .map(|document| root.join(document)),
    );
    assert!(documents.len() > 5, "the transcripts are gone");
    let mut wrong = Vec::new();
    for document in documents {
        let expected = fs::read_to_string(&document).unwrap();
        let (actual, commands) = play(&expected);
        assert!(commands > 0, "{} runs nothing", document.display());
        if actual == expected {
            continue;
        }
        if update {
            fs::write(&document, &actual).unwrap();
        } else {
            let name = document.file_name().unwrap().to_string_lossy().into_owned();
            wrong.push(format!("{name}:\n{}", difference(&expected, &actual)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs the commands of a document; returns it with what they really print, and their number.
fn play(document: &str) -> (String, usize) {
    let project = Project::git();
    let mut lines = document.lines().peekable();
    let (mut result, mut commands) = (String::new(), 0);
    while let Some(line) = lines.next() {
        writeln!(result, "{line}").unwrap();
        assert!(!line.starts_with("$ "), "not run: {line}");
        if line != "```console" {
            continue;
        }
        while let Some(line) = lines.next() {
            writeln!(result, "{line}").unwrap();
            let Some(command) = line.strip_prefix("$ ") else {
                assert_eq!(line, "```", "output stands below its command");
                break;
            };
            let mut script = command.to_owned();
            if script.ends_with("<<'END'") {
                for line in lines.by_ref() {
                    writeln!(result, "{line}").unwrap();
                    script = script + "\n" + line;
                    if line == "END" {
                        break;
                    }
                }
            }
            while lines
                .next_if(|line| !line.starts_with("$ ") && *line != "```")
                .is_some()
            {}
            result += &project.shell(&script);
            commands += 1;
        }
    }
    (result, commands)
}

fn difference(expected: &str, actual: &str) -> String {
    let same = |(a, b): &(&str, &str)| a == b;
    let before = expected
        .lines()
        .zip(actual.lines())
        .take_while(same)
        .count();
    let shown = |text: &str, sign: char| {
        let lines = text.lines().skip(before).take(12);
        lines.fold(String::new(), |all, line| format!("{all}{sign} {line}\n"))
    };
    format!(
        "from line {}:\n{}{}",
        before + 1,
        shown(expected, '-'),
        shown(actual, '+')
    )
}
