//! What leads out of the project, blocks, or speaks to the terminal, through the built binary.

mod common;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::Project;

#[test]
fn the_mode_of_a_session_is_kept_and_that_of_a_new_file_is_the_users() {
    let project = Project::git();
    project.ok(&["new", "Private"]);
    let path = project.session("private");
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    for kept in [0o640, 0o600, 0o664] {
        fs::set_permissions(&path, Permissions::from_mode(kept)).unwrap();
        for command in ["log x", "set current y", "handoff --state z --next n"] {
            project.shell(&format!("umask 077; agentsess {command}"));
            assert_eq!(mode(&path), kept, "{command}");
        }
        let damaged = project
            .read("private")
            .replacen("status: paused", "status: Paused", 1);
        fs::write(
            &path,
            damaged.replacen("status: in_progress", "status: In-Progress", 1),
        )
        .unwrap();
        assert!(project.ok(&["lint", "--fix"]).contains("ixed"));
        assert_eq!(mode(&path), kept);
    }
    project.shell("umask 077; agentsess new One --seed one; agentsess new Two --seed two");
    project.shell("umask 022; agentsess new Three --seed three");
    let record = |seed| format!(".agents/sessions/archive/{seed}@2025-12-04T14-30-00Z.json");
    for (path, expected) in [
        (project.session("one"), 0o600),
        (project.root.join(record("one")), 0o600),
        (project.session("three"), 0o644),
        (project.root.join(record("two")), 0o644),
        (project.sessions().join(".local/used"), 0o600),
    ] {
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
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

fn fifo(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn what_is_no_file_is_never_waited_for() {
    let local = ".agents/sessions/.local";
    for (path, commands, refused) in [
        (
            format!("{local}/lock"),
            &["log x"][..],
            Some("this must be a regular file"),
        ),
        (
            format!("{local}/close.lock"),
            &["doctor", "close --dry-run"],
            None,
        ),
        (
            format!("{local}/close.lock"),
            &["close --confirm committed --waive remaining=x"],
            Some("this must be a regular file"),
        ),
        (format!("{local}/used"), &["show", "log x"], None),
        (
            ".agents/agentsess.toml".into(),
            &["list", "log x", "lint"],
            Some("this is not a regular file"),
        ),
        (
            ".agents/extended.toml".into(),
            &["list"],
            Some("this is not a regular file"),
        ),
        (
            ".agents/sessions/.agentsess-1.tmp".into(),
            &["doctor", "list", "log x"],
            None,
        ),
        (
            ".agents/sessions/archive/a.json".into(),
            &["list --planning"],
            None,
        ),
        (
            ".agents/templates/own.md".into(),
            &["new X --template own"],
            Some("this is not a regular file"),
        ),
        (
            "docs/decisions/0001-a.md".into(),
            &["close --dry-run"],
            None,
        ),
        (
            "docs/prd.md".into(),
            &["new X --from docs/prd.md", "lint docs/20250101-000000-a.md"],
            Some(""),
        ),
        (
            ".git/agentsess/trash/a/entry.json".into(),
            &["restore", "close --dry-run"],
            None,
        ),
    ] {
        let project = Project::git();
        project.ok(&["new", "Real", "--context", "c", "--next", "n"]);
        let path = project.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if path.ends_with("extended.toml") {
            project.write(".agents/agentsess.toml", "extends = 'extended.toml'\n");
        }
        fifo(&path);
        for command in commands {
            let words: Vec<_> = command.split(' ').collect();
            let output = project.run_promptly(&words);
            let text = String::from_utf8(output.stderr).unwrap();
            let code = output.status.code().unwrap();
            match refused {
                Some(why) => assert!(code == 2 && text.contains(why), "{command}: {code} {text}"),
                None => assert!(code < 2, "{command}: {code} {text}"),
            }
        }
    }
}

#[test]
fn a_second_name_of_a_file_is_never_written_through() {
    let project = Project::git();
    project.ok(&["new", "Real", "--context", "c", "--next", "n"]);
    for path in [".local/lock", ".local/used", "20251204-143000-real.md"] {
        let path = project.sessions().join(path);
        if !path.exists() {
            project.ok(&["use", "real"]);
        }
        let outside = project.root.parent().unwrap().join("precious");
        let before = fs::read(&path).unwrap();
        fs::rename(&path, &outside).unwrap();
        fs::hard_link(&outside, &path).unwrap();
        project.ok(&["log", "x", "-s", "real"]);
        project.ok(&["use", "real"]);
        assert_eq!(fs::read(&outside).unwrap(), before, "{}", path.display());
        fs::remove_file(&outside).unwrap();
    }
}

#[test]
fn local_state_that_git_tracks_is_refused_however_the_index_is_written() {
    for index in ["--index-version=4", "--split-index"] {
        let project = Project::git();
        project.ok(&["new", "One"]);
        // A neighbour with which the paths have all but their end in common.
        project.write(".agents/sessions/.loca", "");
        project.git_run(&[
            "add",
            "-f",
            ".agents/sessions/.loca",
            ".agents/sessions/.local/lock",
        ]);
        project.git_run(&["update-index", index]);
        let text = project.fails(2, &["log", "x"]);
        assert!(text.contains("git tracks this folder"), "{index}: {text}");
        project.git_run(&["rm", "-q", "-r", "--cached", ".agents/sessions/.local"]);
        project.ok(&["log", "x"]);
    }
}

#[test]
fn links_out_of_the_project_are_not_read() {
    let project = Project::git();
    project.ok(&["new", "Real", "--context", "c", "--next", "None."]);
    let outside = tempfile::tempdir().unwrap();
    let settings = outside.path().join("secret.toml");
    fs::write(&settings, "secret-key = 1\n").unwrap();
    let link = project.root.join(".agents/agentsess.toml");
    symlink(&settings, &link).unwrap();
    let text = project.fails(2, &["list"]);
    assert!(
        text.contains("link out of the project") && !text.contains("secret-key"),
        "{text}"
    );
    fs::remove_file(&link).unwrap();

    project.ok(&["decide", "Use two", "--decision", "d", "--rationale", "r"]);
    fs::write(outside.path().join("0001-use-two.md"), "# Use two\n").unwrap();
    fs::create_dir(project.root.join("docs")).unwrap();
    symlink(outside.path(), project.root.join("docs/decisions")).unwrap();
    let text = project.fails(1, &["close", "--dry-run"]);
    assert!(!text.contains("proven     decisions"), "{text}");
    fs::remove_file(project.root.join("docs/decisions")).unwrap();
    project.write("docs/decisions/0001-use-two.md", "# Use two\n");
    let text = project.fails(1, &["close", "--dry-run"]);
    assert!(text.contains("proven     decisions"), "{text}");
}

#[test]
fn names_never_lead_out_of_the_project() {
    let project = Project::git();
    project.ok(&["new", "Real", "--context", "c", "--next", "n"]);
    let outside = project.root.parent().unwrap().join("outside.md");
    let secret = project.read("real").replace("Real", "Secret");
    fs::write(&outside, &secret).unwrap();
    let before = project.snapshot();
    for name in [
        "../outside.md",
        "../../../outside",
        "../../../outside.md",
        outside.to_str().unwrap(),
        "..",
        ".",
    ] {
        for command in [
            &["show", name][..],
            &["show", name, "--full"],
            &["log", "x", "-s", name],
            &["resume", name],
            &["close", name],
            &["use", name],
            &["link", name, "--ticket", "t-1"],
            &["restore", name],
            &["new", "X", "--parent", name],
            &["new", "X", "--template", name],
            &["template", "show", name],
        ] {
            let text = project.fails(2, command);
            assert!(!text.contains("Secret"), "{command:?}: {text}");
        }
        let mut command = project.agentsess(&["show"]);
        let output = command.env("AGENTSESS_SESSION", name).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
    assert_eq!(project.snapshot(), before);
    assert_eq!(fs::read_to_string(&outside).unwrap(), secret);
    for seed in ["../../../evil", "/etc/evil", "a/../../b"] {
        project.ok(&["new", "Seeded", "--seed", seed]);
    }
    let records = fs::read_dir(project.sessions().join("archive")).unwrap();
    assert_eq!(records.count(), 2);
    let made = fs::read_dir(project.root.parent().unwrap()).unwrap();
    let mut made: Vec<_> = made.map(|entry| entry.unwrap().file_name()).collect();
    made.sort();
    assert_eq!(made, ["outside.md", "the project"]);
}

#[test]
fn a_sessions_folder_that_is_swapped_while_a_writer_waits_is_refused() {
    let project = Project::git();
    project.ok(&["new", "Real", "--context", "c", "--next", "n"]);
    let sessions = project.sessions();
    let outside = tempfile::tempdir().unwrap();
    fs::copy(
        project.session("real"),
        outside.path().join("20251204-143000-real.md"),
    )
    .unwrap();
    fs::create_dir(outside.path().join(".local")).unwrap();
    let contents = || {
        let mut found: Vec<_> = walk(outside.path());
        found.sort();
        found
    };
    let before = contents();
    let lock = File::create(sessions.join(".local/lock")).unwrap();
    lock.lock().unwrap();
    let mut writer = project.agentsess(&["log", "out"]);
    let mut writer = writer
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(writer.try_wait().unwrap().is_none());
    let moved = sessions.with_extension("moved");
    fs::rename(&sessions, &moved).unwrap();
    symlink(outside.path(), &sessions).unwrap();
    let output = writer.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(contents(), before);
    drop(lock);
    fs::remove_file(&sessions).unwrap();
    fs::rename(moved, &sessions).unwrap();
    project.ok(&["log", "in"]);
    assert!(!project.read("real").contains("\nout\n"));
}

/// Every file below a folder with its bytes.
fn walk(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let found = paths.flat_map(|path| {
        if path.is_dir() {
            walk(&path)
        } else {
            vec![(path.clone(), fs::read(&path).unwrap())]
        }
    });
    found.collect()
}

#[test]
fn a_temporary_file_that_is_swapped_leads_nowhere() {
    let project = Project::git();
    project.ok(&["new", "Real", "--context", "c", "--next", "n"]);
    let outside = project.root.parent().unwrap().join("outside");
    fs::write(&outside, "precious").unwrap();
    fs::set_permissions(&outside, Permissions::from_mode(0o604)).unwrap();
    let text = project.read("real");
    let mut swapped = 0;
    for round in 0..200 {
        let mut writer = project.agentsess(&["log", &format!("round {round}")]);
        let mut writer = writer
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while writer.try_wait().unwrap().is_none() {
            for path in common::leftovers(&project.sessions()) {
                let done = fs::remove_file(&path).and_then(|()| symlink(&outside, &path));
                swapped += usize::from(done.is_ok());
            }
        }
        let meta = fs::metadata(&outside).unwrap();
        assert_eq!(
            (
                fs::read_to_string(&outside).unwrap().as_str(),
                meta.mode() & 0o777
            ),
            ("precious", 0o604)
        );
        if project.session("real").is_symlink() {
            // The link took the session's place, and nobody follows it.
            let said = project.fails(2, &["log", "x", "-s", "real"]);
            assert!(said.contains("symbolic link"), "{said}");
            fs::remove_file(project.session("real")).unwrap();
            fs::write(project.session("real"), &text).unwrap();
        }
        if swapped > 5 {
            return;
        }
    }
    panic!("only {swapped} temporary files were swapped");
}

/// What a terminal would act on: escape sequences and bidi characters.
const EVIL: &str = "\u{1b}[31m\u{202e}\u{9b}2J\u{2066}";

/// A session of such a name.
const NAME: &str = "20251204-143000-a\u{1b}[31m\u{202e}\u{9b}2J\u{2066}.md";

/// What prints text that comes from files, names or arguments.
const COMMANDS: &[&[&str]] = &[
    &[],
    &["list"],
    &["list", "--planning"],
    &["list", "--since", "1d"],
    &["show", NAME],
    &["show", "real"],
    &["log", "x", "-s", NAME],
    &["log", EVIL, "--agent", EVIL, "-s", "real"],
    &["done", EVIL, "-s", "real"],
    &["set", EVIL, EVIL, "-s", "real"],
    &["lint"],
    &["lint", "--fix", "--diff"],
    &["lint", "--output-format", "concise"],
    &["lint", "--output-format", "github"],
    &["lint", "--output-format", "gitlab"],
    &["lint", "--output-format", "sarif"],
    &["lint", "--output-format", "junit"],
    &["lint", "--output-format", "agent"],
    &["lint", "--show-files"],
    &["lint", EVIL],
    &["template", "list"],
    &["template", "check"],
    &["new", "X", "--template", EVIL],
    &["new", "X", "--from", EVIL],
    &["adopt", "--dry-run", EVIL],
    &["close", "real", "--dry-run"],
    &["close", NAME],
    &["restore", EVIL],
    &["rule", EVIL],
    &["trust", EVIL],
    &["doctor"],
    &["-C", EVIL, "list"],
];

#[test]
fn hostile_text_from_anywhere_never_reaches_the_terminal_or_json_raw() {
    let project = Project::git();
    project.git_run(&["checkout", "-q", "-b", "feat/\u{202e}evil"]);
    project.ok(&[
        "new",
        "Real",
        "--context",
        "c",
        "--next",
        "n",
        "--agent",
        "dev",
    ]);
    let text = project.read("real");
    let name = NAME;
    project.write(
        &format!(".agents/sessions/{name}"),
        &text
            .replace(
                "### 2025-12-04 14:30 - dev/new",
                &format!("### 2025-12-04 14:30 - dev{EVIL}/new"),
            )
            .replace(
                "status: in_progress",
                &format!("status: \"{}\"", "\\e[31m\\u202E"),
            ),
    );
    project.write(&format!(".agents/sessions/archive/{name}.json"), "{}");
    project.write(
        &format!(".agents/templates/{name}"),
        &format!("# {EVIL} {{{{ nothing }}}}\n{EVIL}"),
    );
    project.write(
        &format!("docs/decisions/0001-{EVIL}.md"),
        &format!("# {EVIL}\nsee 20251204-143000-real\n"),
    );
    let sweep = |commands: &[&[&str]]| {
        for command in commands {
            for json in [false, true] {
                let mut command = command.to_vec();
                if json {
                    command.push("--json");
                }
                let output = project.run(&command);
                for stream in [output.stdout, output.stderr] {
                    let text = String::from_utf8(stream).unwrap();
                    let raw = |c: char| {
                        (c.is_control() && !matches!(c, '\n' | '\t'))
                            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                    };
                    assert!(!text.contains(raw), "{command:?}: {text:?}");
                }
            }
        }
    };
    sweep(COMMANDS);
    for settings in [
        "\"\\u001b[31m\\u202e\" = 1\n".to_owned(),
        "extends = \"\\u001b[31m\\u202e\"\n".to_owned(),
        "required-version = \"\\u001b[31m\\u202e\"\n".to_owned(),
        "[lint]\nselect = [\"\\u001b[31m\\u202e\"]\n".to_owned(),
        "[close.sinks.\"\\u001b[31m\\u202e\"]\nargv = ['x']\n".to_owned(),
        "[items]\nid-patterns = [\"(\\u001b[31m\\u202e\"]\n".to_owned(),
        format!("# {EVIL}\nlock-timeout = '{EVIL}'\n"),
    ] {
        project.write(".agents/agentsess.toml", &settings);
        sweep(&[
            &["list"],
            &["lint"],
            &["trust", "--list"],
            &["doctor"],
            &["close", "real", "--dry-run"],
        ]);
    }
}

#[test]
fn a_whole_file_is_shown_safely_on_a_terminal_and_as_it_is_in_a_pipe() {
    use std::io::Read;
    let project = Project::git();
    project.ok(&["new", "Real", "--context", "c", "--next", "n"]);
    let text = project
        .read("real")
        .replace("\nc\n", "\nc \u{1b}[31m\u{202e}\n");
    fs::write(project.session("real"), &text).unwrap();
    assert_eq!(project.ok(&["show", "--full"]), text);
    let mut master = File::from(rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR).unwrap());
    rustix::pty::grantpt(&master).unwrap();
    rustix::pty::unlockpt(&master).unwrap();
    let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
    let terminal = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    let mut command = project.agentsess(&["show", "--full", "--color", "never"]);
    let status = command.stdout(terminal).status().unwrap();
    assert!(status.success());
    drop(command);
    let mut shown = vec![0; 65536];
    let length = master.read(&mut shown).unwrap();
    let shown = String::from_utf8_lossy(&shown[..length]).into_owned();
    assert!(shown.contains("c \u{241b}[31m\u{fffd}"), "{shown:?}");
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
}
