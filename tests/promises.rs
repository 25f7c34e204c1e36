//! What is promised of files on disk, attacked through the built binary.

mod common;

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Stdio;

use common::{Project, leftovers};

#[test]
fn sixteen_writers_at_once_lose_nothing() {
    let project = Project::git();
    project.ok(&["new", "Busy", "--context", "c", "--next", "n"]);
    project.ok(&["log", "begin", "--state", "Under load."]);
    std::thread::scope(|scope| {
        for writer in 0..16 {
            let project = &project;
            scope.spawn(move || {
                for entry in 0..20 {
                    let message = format!("writer {writer} entry {entry}.");
                    match entry % 4 {
                        0 => project.ok(&["log", &message, "--state", "Under load."]),
                        1 => project.ok(&["log", &message, "--file", &format!("src/{writer}.rs")]),
                        _ => project.ok(&["log", &message]),
                    };
                    if entry == 10 {
                        project.ok(&["set", "current", &message]);
                    }
                }
            });
        }
    });
    let text = project.read("busy");
    for writer in 0..16 {
        for entry in 0..20 {
            let message = format!("\nwriter {writer} entry {entry}.\n");
            assert_eq!(text.matches(&message).count(), 1, "{message}");
        }
        assert_eq!(text.matches(&format!("`src/{writer}.rs`")).count(), 1);
    }
    project.ok(&["lint"]);
    assert_eq!(
        leftovers(&project.sessions()),
        Vec::<std::path::PathBuf>::new()
    );
}

#[test]
fn fixing_and_logging_at_once_lose_nothing() {
    let project = Project::git();
    project.ok(&["new", "Mended", "--context", "c", "--next", "n"]);
    project.ok(&["log", "begin", "--state", "Under repair."]);
    let path = project.session("mended");
    // What somebody without the tool adds, over and over, each time in another place.
    let damage = |text: &str| {
        let broken = text.replacen("status: in_progress", "status: In-Progress", 1);
        broken.replacen(
            "### 2025-12-04 14:30 - dev/note",
            "### 2025-12-04T14:30:00Z - dev/note",
            1,
        )
    };
    std::fs::write(&path, damage(&project.read("mended"))).unwrap();
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let project = &project;
            scope.spawn(move || {
                for _ in 0..10 {
                    let output = project.run(&["lint", "--fix"]);
                    let text = String::from_utf8_lossy(&output.stderr).into_owned();
                    assert_eq!(output.status.code(), Some(0), "{text}");
                }
            });
            scope.spawn(move || {
                for entry in 0..10 {
                    project.ok(&["log", &format!("worker {worker} entry {entry}.")]);
                }
            });
        }
    });
    let text = project.read("mended");
    for worker in 0..8 {
        for entry in 0..10 {
            let message = format!("\nworker {worker} entry {entry}.\n");
            assert_eq!(text.matches(&message).count(), 1, "{message}");
        }
    }
    assert!(text.contains("status: in_progress") && !text.contains("2025-12-04T14:30:00Z -"));
    project.ok(&["lint", "--fail-on", "warning"]);
    assert_eq!(leftovers(&project.sessions()).len(), 0);
}

#[test]
fn links_made_at_once_are_all_there_and_none_twice() {
    let project = Project::git();
    project.ok(&["new", "Weather", "--seed", "weather"]);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let project = &project;
            scope.spawn(move || {
                for ticket in 0..6 {
                    let own = format!("pt-{writer}-{ticket}");
                    let shared = format!("all-{ticket}");
                    project.ok(&[
                        "link", "--ticket", &own, "--ticket", &shared, "--spike", &shared,
                    ]);
                }
            });
        }
    });
    let text = project.read("weather");
    let line = |key: &str| {
        text.lines()
            .find(|line| line.trim_start().starts_with(key))
            .unwrap()
    };
    let listed = |key: &str| line(key).matches('"').count() / 2;
    assert_eq!(
        (listed("tickets:"), listed("spikes:")),
        (8 * 6 + 6, 6),
        "{text}"
    );
    for ticket in 0..6 {
        let shared = format!("\"all-{ticket}\"");
        assert_eq!(text.matches(&shared).count(), 2, "{text}");
        for writer in 0..8 {
            let own = format!("\"pt-{writer}-{ticket}\"");
            assert_eq!(text.matches(&own).count(), 1, "{own}");
        }
    }
    project.ok(&["lint"]);
}

#[test]
fn of_planning_sessions_begun_at_once_each_is_recorded_but_the_one_in_use() {
    let project = Project::git();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let project = &project;
            scope.spawn(move || {
                project.ok(&["new", "Same", "--seed", &format!("seed-{}", number % 2)])
            });
        }
    });
    assert_eq!(project.snapshot().len(), 8);
    let records = fs::read_dir(project.sessions().join("archive")).unwrap();
    let records: Vec<_> = records
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!(records.len(), 7, "{records:?}");
    let used = fs::read_to_string(project.sessions().join(".local/used")).unwrap();
    for path in project.snapshot().into_iter().map(|(path, _)| path) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let stem = format!("\"stem\": \"{}\"", name.strip_suffix(".md").unwrap());
        let recorded = records
            .iter()
            .filter(|record| record.contains(&stem))
            .count();
        let (status, count) = if used.trim() == name {
            ("  status: in_progress\n", 0)
        } else {
            ("  status: paused\n", 1)
        };
        assert_eq!(recorded, count, "{name}");
        assert!(
            fs::read_to_string(&path).unwrap().contains(status),
            "{name}"
        );
    }
}

#[test]
fn creators_of_the_same_name_all_get_a_session_of_their_own() {
    let project = Project::git();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| project.ok(&["new", "Same"]));
        }
    });
    assert_eq!(project.snapshot().len(), 16);
    assert!(project.session("same").exists() && project.session("same-16").exists());
}

#[test]
fn a_held_lock_is_waited_for_and_its_holder_named() {
    let project = Project::git();
    project.ok(&["new", "Held"]);
    project.write(".agents/agentsess.toml", "lock-timeout = 0.1\n");
    let before = project.snapshot();
    let mut lock = File::create(project.sessions().join(".local/lock")).unwrap();
    lock.lock().unwrap();
    write!(lock, "4711").unwrap();
    let text = project.fails(2, &["log", "no"]);
    assert!(
        text.contains("process 4711 has held the lock for 0.1 s"),
        "{text}"
    );
    assert_eq!(project.snapshot(), before);
    drop(lock);
    project.ok(&["log", "yes"]);
}

#[test]
fn a_reader_does_not_wait_for_a_writer() {
    let project = Project::git();
    project.ok(&["new", "Held"]);
    let lock = File::create(project.sessions().join(".local/lock")).unwrap();
    lock.lock().unwrap();
    for arguments in [&["list"][..], &["show"], &["lint"], &["close", "--dry-run"]] {
        project.agentsess(arguments).output().unwrap();
    }
}

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
fn the_mode_of_a_session_is_kept() {
    let project = Project::git();
    project.ok(&["new", "Private"]);
    let path = project.session("private");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    project.ok(&["log", "x"]);
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
}

#[test]
fn links_are_refused() {
    let project = Project::git();
    project.ok(&["new", "Real"]);
    let outside = project.write("outside.md", &project.read("real"));
    symlink(&outside, project.session("link")).unwrap();
    let before = fs::read(&outside).unwrap();
    for arguments in [
        &["log", "x", "-s", "link"][..],
        &["show", "link", "--full"],
        &["set", "title", "x", "-s", "link"],
        &["close", "link"],
    ] {
        let text = project.fails(2, arguments);
        assert!(text.contains("symbolic link"), "{arguments:?}: {text}");
    }
    assert_eq!(fs::read(&outside).unwrap(), before);
}

#[test]
fn a_sessions_folder_that_leads_out_of_the_project_is_refused() {
    let project = Project::git();
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(project.root.join(".agents")).unwrap();
    symlink(outside.path(), project.root.join(".agents/sessions")).unwrap();
    let text = project.fails(2, &["new", "Escape"]);
    assert!(text.contains("link out of the project"), "{text}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn local_state_that_is_a_link_or_tracked_by_git_is_refused() {
    let project = Project::git();
    project.ok(&["new", "One"]);
    let local = project.sessions().join(".local");
    project.git_run(&["add", "-f", ".agents/sessions/.local/lock"]);
    let text = project.fails(2, &["log", "x"]);
    assert!(text.contains("git tracks this folder"), "{text}");
    project.git_run(&["rm", "-q", "-r", "--cached", ".agents/sessions/.local"]);
    project.ok(&["log", "x"]);

    let outside = tempfile::tempdir().unwrap();
    fs::remove_dir_all(&local).unwrap();
    symlink(outside.path(), &local).unwrap();
    let text = project.fails(2, &["log", "x"]);
    assert!(text.contains("symbolic link"), "{text}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn paths_out_of_the_sessions_folder_are_refused() {
    let project = Project::git();
    project.ok(&["new", "Inside"]);
    let secret = project.write("secret.md", "secret");
    fs::create_dir(project.sessions().join("sub")).unwrap();
    for selector in [
        "../secret.md",
        "./secret.md",
        ".agents/sessions/../../secret.md",
        ".agents/sessions/sub/../20251204-143000-inside.md",
        secret.to_str().unwrap(),
        "/etc/hostname.md",
    ] {
        let text = project.fails(2, &["show", selector]);
        assert!(
            text.contains("does not lead to a session"),
            "{selector}: {text}"
        );
    }
    project.ok(&["show", ".agents/sessions/20251204-143000-inside.md"]);
    let mut from_below =
        project.agentsess(&["show", "../.agents/sessions/20251204-143000-inside.md"]);
    assert!(
        from_below
            .current_dir(project.root.join("src"))
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn what_is_no_regular_file_is_no_session_and_blocks_nobody() {
    let project = Project::git();
    project.ok(&["new", "Real"]);
    let made = std::process::Command::new("mkfifo")
        .arg(project.session("pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    fs::create_dir(project.session("folder")).unwrap();
    assert!(project.ok(&["list"]).contains("real"));
    let text = project.fails(2, &["show", "pipe"]);
    assert!(text.contains("not a regular file"), "{text}");
    project.ok(&["log", "only one active session", "-s", "real"]);
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
fn of_two_that_close_at_once_one_succeeds() {
    let project = Project::git();
    project.ok(&["new", "Brief", "--context", "c"]);
    project.shell("agentsess log x --state Done. --next None. --replace");
    let codes = std::thread::scope(|scope| {
        let closers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| project.run(&["close", "brief"]).status.code()))
            .collect();
        closers
            .into_iter()
            .map(|closer| closer.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(
        codes.iter().filter(|code| **code == Some(0)).count(),
        1,
        "{codes:?}"
    );
    project.ok(&["restore", "brief"]);
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
fn a_writer_that_comes_too_late_is_told_that_the_session_is_closed() {
    let project = Project::git();
    project.ok(&["new", "Brief", "--context", "c"]);
    project.shell("agentsess log x --state Done. --next None. --replace");
    project.ok(&["close", "brief"]);
    let text = project.fails(2, &["log", "late", "-s", "brief"]);
    assert!(text.contains("agentsess restore brief"), "{text}");
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
fn control_characters_never_reach_the_terminal_or_json_raw() {
    let project = Project::git();
    let title = "evil \u{1b}[31m \u{202e}title";
    project.ok(&["new", title, "--context", "c \u{1b}[2J"]);
    project.ok(&[
        "log",
        "entry \u{1b}]0;x\u{7} \u{2066}",
        "--state",
        "s \u{9b}31m",
    ]);
    for arguments in [
        &["list"][..],
        &["show"],
        &["list", "--json"],
        &["show", "--json"],
        &["lint"],
        &["lint", "--json"],
        &["close", "--dry-run"],
        &["nonsense \u{1b}[31m", "--json"],
        &["show", "\u{1b}[31m\u{202e}"],
    ] {
        let output = project.run(arguments);
        for stream in [output.stdout, output.stderr] {
            let text = String::from_utf8(stream).unwrap();
            let raw = |c: char| {
                (c.is_control() && c != '\n')
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert!(!text.contains(raw), "{arguments:?}: {text:?}");
        }
    }
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
fn writers_of_every_kind_at_once_lose_nothing() {
    const WRITERS: usize = 16;
    let project = Project::git();
    project.ok(&["new", "Busy", "--context", "c", "--next", "n"]);
    let items =
        (0..WRITERS).map(|writer| format!("- [ ] W-{writer}0 - item\n- [ ] W-{writer}1 - item\n"));
    let plan = format!(
        "The plan.\n\n## Execution Progress\n### Wave 1: All (ACTIVE)\n\n{}\n### Wave 2: Next (blocked by Wave 1)\n\n- [ ] X-1 - x\n",
        items.collect::<String>()
    );
    let mut log = project.agentsess(&["log", "-", "--state", "Under load."]);
    let mut log = log
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    log.stdin
        .take()
        .unwrap()
        .write_all(plan.as_bytes())
        .unwrap();
    assert!(log.wait().unwrap().success());
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let project = &project;
            scope.spawn(move || {
                for round in 0..10 {
                    let text = format!("writer {writer} round {round}.");
                    match round % 5 {
                        0 => project.ok(&["done", &format!("W-{writer}{}", round / 5)]),
                        1 => project.ok(&["decide", &text, "--decision", "d", "--rationale", "r"]),
                        2 => project.ok(&["block", &text]),
                        3 => project.ok(&["task", "add", &text, "--wave", "2"]),
                        _ => project.ok(&["log", &text]),
                    };
                    match round {
                        7 => project.ok(&["unblock", &format!("writer {writer} round 2.")]),
                        8 => {
                            let next = format!("writer {writer} steps");
                            project.ok(&["handoff", "--state", "Under load.", "--next", &next])
                        }
                        _ => String::new(),
                    };
                }
            });
        }
    });
    let text = project.read("busy");
    let count = |what: &str| text.matches(what).count();
    for writer in 0..WRITERS {
        for ticked in 0..2 {
            assert_eq!(count(&format!("\n- [x] W-{writer}{ticked} - item\n")), 1);
        }
        let say = |round| format!("writer {writer} round {round}.");
        for round in [1, 6] {
            assert_eq!(count(&format!(": {}\n\n**Decision**", say(round))), 1);
        }
        assert_eq!(count(&format!("\n- {}\n", say(2))), 0);
        assert_eq!(count(&format!("\nNo longer blocked: {}\n", say(2))), 1);
        assert_eq!(count(&format!("\n- {}\n", say(7))), 1);
        assert_eq!(count(&format!("\nBlocked: {}\n", say(7))), 1);
        for round in [3, 8] {
            assert_eq!(count(&format!("\n- [ ] {}\n", say(round))), 1);
        }
        for round in [4, 9] {
            assert_eq!(count(&format!("\n{}\n", say(round))), 1);
        }
        assert_eq!(count(&format!("\n- [ ] writer {writer} steps\n")), 1);
    }
    for number in 1..=2 * WRITERS {
        assert_eq!(count(&format!("\n### Decision {number}: ")), 1, "{number}");
    }
    assert_eq!(count("/handoff\n"), WRITERS);
    assert!(text.contains("\n### Wave 1: All (DONE)\n"));
    assert!(text.contains("\n### Wave 2: Next (ACTIVE)\n"));
    project.ok(&["lint"]);
    assert_eq!(leftovers(&project.sessions()).len(), 0);
}

#[test]
fn of_those_who_take_a_handoff_at_once_one_gets_it() {
    let project = Project::git();
    project.ok(&["new", "Shared", "--context", "c", "--next", "n"]);
    for _ in 0..3 {
        project.ok(&["handoff", "--state", "Ready."]);
        let outcomes = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..8)
                .map(|taker| {
                    let project = &project;
                    scope.spawn(move || {
                        let agent = format!("taker{taker}");
                        let output = project.run(&["resume", "shared", "--agent", &agent]);
                        let text = String::from_utf8(output.stderr).unwrap();
                        (agent, output.status.code(), text)
                    })
                })
                .collect();
            let outcomes = takers.into_iter().map(|taker| taker.join().unwrap());
            outcomes.collect::<Vec<_>>()
        });
        let (won, lost): (Vec<_>, Vec<_>) = outcomes
            .into_iter()
            .partition(|(_, code, _)| *code == Some(0));
        assert_eq!((won.len(), lost.len()), (1, 7));
        for (agent, code, text) in &lost {
            assert_eq!(*code, Some(1), "{agent}: {text}");
            let holder = format!("{} has this session since 2025-12-04T14:30:00Z", won[0].0);
            assert!(text.contains(&holder), "{text}");
            let hint = format!("hint: agentsess resume --agent {agent} shared --take");
            assert!(text.contains(&hint), "{text}");
        }
        let text = project.read("shared");
        assert!(text.contains(&format!("taken_by: \"{} ", won[0].0)));
        assert!(text.contains("status: in_progress"));
    }
    assert_eq!(project.read("shared").matches("/resumed\n").count(), 3);
    project.ok(&["lint"]);
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

#[test]
fn what_is_written_while_an_editor_is_open_is_kept() {
    let project = Project::git();
    project.ok(&["new", "Open", "--context", "old words", "--next", "n"]);
    // The editor waits for eight writers, none of which waits for it.
    let script = project.write(
        "editor.sh",
        "for n in 1 2 3 4 5 6 7 8; do agentsess log \"entry $n.\" >/dev/null || exit 9; done\n\
         sed -i.bak -e 's/old words/new words/' \"$1\"\n",
    );
    let script = format!("sh '{}'", script.display());
    let text = project.shell(&format!("EDITOR=\"{script}\" agentsess edit open"));
    assert!(text.contains("both changes are in it"), "{text}");
    let text = project.read("open");
    assert!(text.contains("new words") && !text.contains("old words"));
    for entry in 1..=8 {
        assert_eq!(text.matches(&format!("entry {entry}.")).count(), 1);
    }
    let local = fs::read_dir(project.sessions().join(".local")).unwrap();
    let left = local.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("edit-")
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn what_a_work_tree_uses_never_leads_anywhere_else() {
    let project = Project::git();
    project.ok(&["new", "Mine"]);
    project.write("secret.md", "secret");
    for used in [
        "../../secret.md",
        "/etc/hostname.md",
        "README.md",
        "a\nb.md",
        "",
    ] {
        project.write(".agents/sessions/.local/used", used);
        assert!(project.ok(&["show"]).starts_with("# Mine"), "{used:?}");
    }
    fs::remove_file(project.sessions().join(".local/used")).unwrap();
    symlink(
        project.root.join("secret.md"),
        project.sessions().join(".local/used"),
    )
    .unwrap();
    assert!(project.ok(&["show"]).starts_with("# Mine"));
    project.ok(&["use", "mine"]);
    assert_eq!(
        fs::read_to_string(project.root.join("secret.md")).unwrap(),
        "secret"
    );
}
