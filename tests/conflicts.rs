//! A session in which a merge conflict was left is read, but not written to, until it is resolved.

mod common;

use common::Project;

const NAME: &str = ".agents/sessions/20251204-143000-weather.md";

/// A project whose session two branches logged to and git could not merge.
fn in_conflict() -> Project {
    let project = Project::git();
    project.ok(&["new", "Weather", "--next", "measure", "--next", "write"]);
    project.commit("Start");
    project.git_run(&["checkout", "-q", "-b", "other"]);
    project.ok(&["log", "Theirs."]);
    project.commit("Theirs");
    project.git_run(&["checkout", "-q", "-"]);
    project.ok(&["log", "Ours."]);
    project.commit("Ours");
    project.shell("git merge -q other");
    assert!(project.read("weather").contains("\n<<<<<<< "));
    project
}

/// The error that every writer gives.
fn refusal(project: &Project) -> String {
    let text = project.read("weather");
    let line = text.lines().position(|line| line.starts_with("<<<<<<< "));
    let line = line.unwrap() + 1;
    format!("{NAME}:{line}:1: there are markers of a merge conflict")
}

#[test]
fn no_command_writes_between_the_markers() {
    let project = in_conflict();
    let (before, refusal) = (project.read("weather"), refusal(&project));
    for arguments in [
        &["log", "Third."][..],
        &["log", "Third.", "--done", "measure"],
        &["done", "measure"],
        &["task", "add", "more"],
        &[
            "decide",
            "Use it",
            "--decision",
            "Yes.",
            "--rationale",
            "It works.",
        ],
        &["block", "No key."],
        &["set", "current", "measure"],
        &["set", "status", "completed"],
        &["handoff", "--to", "dev"],
        &["resume"],
        &["link", "--ticket", "BACK-1"],
        &["pause"],
    ] {
        let said = project.fails(2, arguments);
        assert!(said.contains(&refusal), "{arguments:?}: {said}");
        let hint = "\nhint: agentsess edit weather\n";
        assert!(said.contains(hint), "{arguments:?}: {said}");
        assert_eq!(project.read("weather"), before, "{arguments:?}");
    }
}

#[test]
fn a_conflict_in_the_frontmatter_is_called_one_too() {
    let project = Project::git();
    project.ok(&["new", "Weather"]);
    let text = project.read("weather");
    let status = "  status: in_progress\n";
    let both = format!("<<<<<<< HEAD\n{status}=======\n  status: paused\n>>>>>>> other\n");
    project.write(NAME, &text.replace(status, &both));
    let said = project.fails(2, &["log", "Third.", "-s", "weather"]);
    assert!(said.contains(&refusal(&project)), "{said}");
}

#[test]
fn no_fix_is_made_in_a_conflict() {
    let project = in_conflict();
    let text = project.read("weather").replace("Ours.", "Ours.\u{200b}");
    project.write(NAME, &text);
    project.run(&["lint", "--fix", "--unsafe-fixes"]);
    assert_eq!(project.read("weather"), text);
}

#[test]
fn an_editor_resolves_a_conflict_or_nothing_is_written() {
    let project = in_conflict();
    let before = project.read("weather");
    let half = "EDITOR='sed -i -e /^=======/d' agentsess edit weather";
    let said = project.shell(half);
    assert!(said.contains(&refusal(&project)), "{said}");
    assert!(said.contains("your text is in "), "{said}");
    assert_eq!(project.read("weather"), before);

    let whole = "EDITOR=\"sed -i -e '/^<<<<<<< /d;/^=======$/d;/^>>>>>>> /d'\" agentsess edit";
    project.shell(whole);
    let text = project.read("weather");
    assert!(text.contains("Ours.") && text.contains("Theirs."), "{text}");
    project.ok(&["log", "Third.", "-s", "weather"]);
}

#[test]
fn a_conflict_is_said_before_what_it_makes_doubtful_is_shown() {
    let project = in_conflict();
    let warning = format!("warning: {}\n", refusal(&project));
    for arguments in [
        &["show"][..],
        &["show", "--full"],
        &["show", "--section", "Session Log"],
    ] {
        let output = project.run(arguments);
        assert_eq!(String::from_utf8_lossy(&output.stderr), warning);
    }
}

#[test]
fn no_text_makes_a_session_look_unmerged() {
    let project = Project::git();
    project.ok(&["new", "Weather"]);
    let markers = "<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> other";
    project.ok(&["log", markers]);
    project.ok(&["log", &format!("```\n{markers}\n```"), "--state", markers]);
    let text = project.read("weather");
    let bare = text.lines().filter(|line| line.starts_with("<<<<<<<"));
    assert_eq!(bare.count(), 1, "{text}");
    project.ok(&["lint", "--select", "conflict-marker"]);
}
