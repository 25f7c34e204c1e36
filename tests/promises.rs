//! What is promised of files on disk, attacked through the built binary.

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Stdio;

use common::{Project, leftovers};

#[test]
fn removing_local_state_costs_nothing() {
    let project = Project::git();
    project.ok(&["new", "Kept"]);
    fs::remove_dir_all(project.sessions().join(".local")).unwrap();
    project.ok(&["log", "still here"]);
    assert_eq!(
        fs::read_to_string(project.sessions().join(".local/.gitignore")).unwrap(),
        "*\n"
    );
}

#[test]
fn a_read_only_session_stays_as_it_is() {
    let project = Project::git();
    project.ok(&["new", "Sealed"]);
    let path = project.session("sealed");
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    let before = project.snapshot();
    let text = project.fails(2, &["log", "no"]);
    assert!(
        text.contains("read-only") && text.contains("chmod u+w"),
        "{text}"
    );
    assert_eq!(project.snapshot(), before);
    assert_eq!(leftovers(&project.sessions()).len(), 0);
}

#[test]
fn closing_and_restoring_gives_identical_bytes() {
    for committed in [false, true] {
        let project = Project::git();
        project.ok(&["new", "Brief", "--context", "c"]);
        project.ok(&[
            "log",
            "done",
            "--state",
            "All done.",
            "--next",
            "BACK-1 - ship",
        ]);
        let crlf = project.read("brief").replace('\n', "\r\n");
        fs::write(project.session("brief"), &crlf).unwrap();
        fs::set_permissions(project.session("brief"), Permissions::from_mode(0o600)).unwrap();
        if committed {
            project.commit("session");
        }
        let closed = project.ok(&["close", "brief"]);
        assert!(
            closed.contains("undo: agentsess restore 20251204-143000-brief"),
            "{closed}"
        );
        assert!(!project.session("brief").exists());
        project.ok(&["restore", "brief"]);
        assert_eq!(project.read("brief"), crlf);
        let mode = fs::metadata(project.session("brief")).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert!(project.ok(&["restore"]).contains("nothing to restore"));
    }
}

#[test]
fn a_session_closed_in_one_work_tree_comes_back_in_another() {
    let project = Project::git();
    project.ok(&["new", "Brief", "--context", "c"]);
    project.shell("agentsess log x --state Done. --next None. --replace");
    let before = project.read("brief");
    project.ok(&["close", "brief"]);
    project.git_run(&["worktree", "add", "-q", "../other tree", "-b", "other"]);
    let other = project.root.parent().unwrap().join("other tree");
    let restored = project
        .agentsess(&["restore", "brief"])
        .current_dir(&other)
        .status();
    assert!(restored.unwrap().success());
    let path = other.join(".agents/sessions/20251204-143000-brief.md");
    assert_eq!(fs::read_to_string(path).unwrap(), before);
}

#[test]
fn without_git_the_trash_is_beside_the_sessions() {
    let project = Project::bare();
    project.ok(&["new", "Brief", "--context", "c"]);
    project.shell("agentsess log x --state Done. --next None. --replace");
    let before = project.read("brief");
    project.ok(&["close", "--confirm", "committed"]);
    project.ok(&["restore", "brief"]);
    assert_eq!(project.read("brief"), before);
}

#[test]
fn restoring_never_replaces_a_session() {
    let project = Project::git();
    project.ok(&["new", "Brief", "--context", "c"]);
    project.shell("agentsess log x --state Done. --next None. --replace");
    project.ok(&["close", "brief"]);
    project.write(".agents/sessions/20251204-143000-brief.md", "another one\n");
    let text = project.fails(2, &["restore", "brief"]);
    assert!(text.contains("exists"), "{text}");
    assert_eq!(project.read("brief"), "another one\n");
}

#[test]
fn a_folder_in_the_home_directory_is_nobodys_project() {
    let project = Project::bare();
    let home = project.root.parent().unwrap();
    fs::create_dir_all(home.join(".agents/sessions")).unwrap();
    project.ok(&["new", "Mine"]);
    assert!(project.session("mine").exists());
}

#[test]
fn the_nearest_sessions_folder_counts_from_a_subfolder() {
    let project = Project::git();
    fs::create_dir_all(project.root.join("deep/er")).unwrap();
    let mut command = project.agentsess(&["new", "Here"]);
    let output = command
        .current_dir(project.root.join("deep/er"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        text,
        "created ../../.agents/sessions/20251204-143000-here.md\n"
    );
    assert!(project.session("here").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = Project::git();
    let mut child = project
        .agentsess(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
fn a_broken_edit_changes_nothing() {
    let project = Project::git();
    project.ok(&["new", "Broken"]);
    let broken = project
        .read("broken")
        .replace("status: in_progress", "status: [");
    fs::write(project.session("broken"), &broken).unwrap();
    let text = project.fails(2, &["log", "x"]);
    assert!(text.contains("20251204-143000-broken.md:"), "{text}");
    assert_eq!(project.read("broken"), broken);
}

#[test]
fn the_commit_of_a_handoff_is_the_one_that_git_names() {
    let project = Project::git();
    project.ok(&["new", "Where", "--context", "c", "--next", "n"]);
    let same = |place: &str| {
        project.ok(&["-C", place, "handoff", "where", "--state", "Ready."]);
        let shown = project.ok(&["-C", place, "show", "where", "--json"]);
        let git = project.shell(&format!("git -C '{place}' rev-parse HEAD"));
        let expected = format!("\"commit\": \"{}\"", git.trim());
        assert!(shown.contains(&expected), "{expected}: {shown}");
    };
    same(".");
    project.git_run(&["checkout", "-q", "-b", "feat/one"]);
    project.commit("second");
    same(".");
    project.git_run(&["pack-refs", "--all"]);
    same(".");
    project.git_run(&["worktree", "add", "-q", "../other", "-b", "two"]);
    same("../other");
    project.git_run(&["checkout", "-q", "--detach"]);
    same(".");
    let unborn = Project::bare();
    unborn.git_run(&["init", "-q"]);
    unborn.ok(&["new", "Where", "--context", "c", "--next", "n"]);
    unborn.ok(&["handoff", "--state", "Ready."]);
    assert!(!unborn.read("where").contains("commit:"));
}

#[test]
fn a_refused_handoff_and_a_refused_taker_change_nothing() {
    let project = Project::git();
    project.ok(&["new", "Draft"]);
    let before = project.snapshot();
    project.fails(1, &["handoff"]);
    project.fails(1, &["handoff", "--state", "TODO", "--next", "None."]);
    project.fails(2, &["handoff", "--next", " "]);
    assert_eq!(project.snapshot(), before);
    project.write("context.md", "## Context\nWhy.\n");
    project.shell("agentsess log - < context.md");
    project.ok(&[
        "handoff", "--state", "Ready.", "--next", "None.", "--to", "one",
    ]);
    let before = project.snapshot();
    project.fails(1, &["resume", "--agent", "two"]);
    assert_eq!(project.snapshot(), before);
    project.ok(&["resume", "--agent", "one"]);
    let before = project.snapshot();
    project.fails(1, &["resume", "--agent", "two"]);
    project.fails(1, &["handoff", "--next", "x", "--agent", "two"]);
    project.ok(&["resume", "--agent", "one"]);
    project.fails(2, &["resume", "--agent", "two words", "--take"]);
    assert_eq!(project.snapshot(), before);
}
