//! `init` in real projects: what is installed, that it is installed once, and that it comes out again
//! without a trace.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use common::{Project, on_a_terminal};

mod common;

const ALL: &str = "claude,codex,gemini,copilot,cursor,cline,opencode";

/// Every file and folder with its bytes, git's own aside, but for what it is told to leave alone.
fn everything(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(".git") {
                let exclude = path.join("info/exclude");
                found.insert(exclude.clone(), fs::read(exclude).unwrap_or_default());
            } else if path.is_dir() {
                found.insert(path.clone(), Vec::new());
                folders.push(path);
            } else {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Installs twice and removes, and expects that the second time changes nothing and that in the end
/// all is as it was. Returns what was there in between.
fn there_and_back(project: &Project, arguments: &[&str]) -> BTreeMap<PathBuf, Vec<u8>> {
    let before = everything(&project.root);
    let install = [&["init", "--yes"], arguments].concat();
    project.ok(&install);
    let installed = everything(&project.root);
    assert_ne!(installed, before);
    let again = project.ok(&install);
    assert!(again.starts_with("all of it is there"), "{again}");
    assert_eq!(everything(&project.root), installed);
    project.ok(&["init", "--remove", "--yes"]);
    let after = everything(&project.root);
    for (path, bytes) in &before {
        let now = after.get(path).map(|bytes| String::from_utf8_lossy(bytes));
        assert_eq!(
            now.as_deref(),
            Some(&*String::from_utf8_lossy(bytes)),
            "{}",
            path.display()
        );
    }
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
    installed
}

#[test]
fn files_of_others_come_back_byte_for_byte() {
    let foreign =
        r#"{"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "true"}]}]}}"#;
    let pretty = |unit: &str, end: &str, comma: &str| {
        let group = format!(
            "{unit}{unit}{unit}{{\"hooks\": [{{\"type\": \"command\", \"command\": \"other\"}}]}}"
        );
        let text = format!(
            "{{\n{unit}// ours\n{unit}\"model\": \"opus\", /* why */\n{unit}\"hooks\": {{\n{unit}{unit}\"SessionStart\": [\n{group}{comma}\n{unit}{unit}]{comma}\n{unit}}}{comma} // last\n}}\n"
        );
        text.replace('\n', end)
    };
    let texts = [
        String::new(),
        "\n".into(),
        "{}".into(),
        "{}\n".into(),
        "{\n}\n".into(),
        "{\r\n\r\n}\r\n".into(),
        "{ \"hooks\": {} }".into(),
        "{\n  \"hooks\": {\n  }\n}\n".into(),
        "{\n  \"hooks\": {\n    \"SessionStart\": [\n    ]\n  },\n  \"mcpServers\": {}\n}".into(),
        "\u{feff}{\n  \"model\": \"x\"\n}\n".into(),
        foreign.into(),
        pretty("  ", "\n", ""),
        pretty("    ", "\n", ","),
        pretty("\t", "\n", ","),
        pretty("  ", "\r\n", ""),
    ];
    let files = [
        ".claude/settings.json",
        ".codex/hooks.json",
        ".gemini/settings.json",
        ".cursor/hooks.json",
        ".mcp.json",
        "opencode.json",
    ];
    for text in &texts {
        let project = Project::git();
        for file in files {
            project.write(file, text);
        }
        // Beside the hooks of Claude it would have none of its own.
        let other = Project::git();
        other.write(".github/hooks/agentsess.json", text);
        there_and_back(&other, &["--host", "copilot"]);
        let end = if text.contains('\r') { "\r\n" } else { "\n" };
        project.write("AGENTS.md", &format!("# Us{end}"));
        project.write(
            ".codex/config.toml",
            "# mine\nmodel = \"x\" # best\n[mcp_servers.other]\ncommand = 'o'",
        );
        let installed = there_and_back(
            &project,
            &["--host", ALL, "--private", "--with", "stop,subagents"],
        );
        for (path, bytes) in installed {
            if path.extension().is_some_and(|it| it == "json") && !text.contains("//") {
                let text = String::from_utf8(bytes).unwrap();
                let text = text.trim_start_matches('\u{feff}');
                serde_json::from_str::<serde_json::Value>(text)
                    .unwrap_or_else(|error| panic!("{}: {error}: {text}", path.display()));
            }
        }
    }
}

#[test]
fn what_was_not_there_goes_with_its_folders() {
    for host in ALL.split(',').chain([ALL]) {
        for project in [Project::git(), Project::bare()] {
            let installed = there_and_back(&project, &["--host", host]);
            assert!(
                installed.contains_key(&project.root.join("AGENTS.md")),
                "{host}"
            );
        }
    }
}

#[test]
fn undo_gives_back_what_was_there_and_nothing_else_goes() {
    let only_with = "init --host claude --with stop --yes";
    for (team, arguments, undo) in [
        ("", "init --host claude --yes", "--remove"),
        ("", only_with, "--remove"),
        ("claude", only_with, "--remove --with stop"),
        (
            "claude",
            "init --host codex --only hooks,mcp --yes",
            "--remove --host codex",
        ),
        (
            "claude",
            "init --only pre-commit --yes",
            "--remove --only pre-commit",
        ),
        (
            "claude --only hooks",
            "init --host claude --only mcp --yes",
            "--remove --only mcp",
        ),
    ] {
        let project = Project::git();
        if !team.is_empty() {
            project.shell(&format!("agentsess init --yes --host {team}"));
        }
        let before = everything(&project.root);
        let said = project.shell(&format!("agentsess {arguments}"));
        let (_, command) = said.split_once("undo: ").expect(&said);
        assert_eq!(
            command,
            format!("agentsess init {undo} --yes\n"),
            "{arguments}"
        );
        project.shell(command);
        assert_eq!(everything(&project.root), before, "{arguments}");
    }
    // What keeps sessions out of git goes with the rest only.
    let project = Project::git();
    project.ok(&["init", "--yes", "--host", "claude"]);
    let said = project.ok(&["init", "--yes", "--host", "claude", "--private"]);
    assert!(!said.contains("undo: "), "{said}");
}

#[test]
fn nothing_is_written_if_some_of_it_cannot_be() {
    let project = Project::git();
    project.write(".claude/settings.json", "{}\n");
    project.write(".mcp.json", "{}\n");
    let read_only = project.root.join(".mcp.json");
    let mode = |mode| fs::set_permissions(&read_only, fs::Permissions::from_mode(mode)).unwrap();
    let refused = |arguments: &[&str]| {
        let before = everything(&project.root);
        mode(0o444);
        let said = project.fails(2, arguments);
        assert!(said.contains(".mcp.json: the file is read-only"), "{said}");
        assert!(said.contains("\nhint: chmod u+w "), "{said}");
        assert_eq!(everything(&project.root), before);
        mode(0o644);
    };
    refused(&["init", "--yes", "--host", "claude"]);
    project.ok(&["init", "--yes", "--host", "claude"]);
    refused(&["init", "--remove", "--yes"]);
}

#[test]
fn what_somebody_changed_stays_and_what_is_replaced_is_said() {
    let project = Project::git();
    project.ok(&[
        "init",
        "--yes",
        "--host",
        "cline,opencode",
        "--only",
        "hooks,skill,agents-md",
    ]);
    let change = |path: &str| {
        let text = fs::read_to_string(project.root.join(path)).unwrap();
        let changed = match text.split_once("<!-- agentsess:end") {
            Some((before, end)) => format!("{before}mine\n<!-- agentsess:end{end}"),
            None => text + "# mine\n",
        };
        project.write(path, &changed);
        changed
    };
    let paths = [
        ".clinerules/hooks/TaskStart",
        ".opencode/plugins/agentsess.js",
        ".agents/skills/agentsess/SKILL.md",
        "AGENTS.md",
    ];
    let changed = paths.map(change);
    let said = project.ok(&["init", "--remove", "--yes"]);
    for (path, changed) in paths.iter().zip(&changed) {
        let stays = said
            .lines()
            .find(|line| line.starts_with(&format!("note: {path}: ")));
        assert!(stays.is_some_and(|line| line.contains(" stays")), "{said}");
        assert_eq!(
            &fs::read_to_string(project.root.join(path)).unwrap(),
            changed
        );
    }
    let said = project.ok(&["init", "--yes", "--host", "cline,opencode"]);
    let noted = |path: &str, what: &str| {
        let mut lines = said.lines();
        let start = format!("note: {path}: ");
        assert!(
            lines.any(|line| line.starts_with(&start) && line.ends_with(what)),
            "{said}"
        );
    };
    noted(paths[0], "it stays");
    for path in &paths[1..] {
        noted(path, "is replaced");
    }
    assert!(!said.contains("undo: "), "{said}");
}

#[test]
fn a_check_before_each_commit_that_somebody_changed_stays_and_that_is_said() {
    let project = Project::git();
    project.ok(&["init", "--yes", "--only", "pre-commit"]);
    project.shell("echo '# mine' >> .pre-commit-config.yaml");
    let said = project.ok(&["init", "--remove", "--yes"]);
    assert_eq!(
        said,
        "nothing was changed\nnote: .pre-commit-config.yaml: it was changed, and stays\n"
    );
    let nothing = Project::git().ok(&["init", "--remove", "--yes"]);
    assert_eq!(nothing, "nothing of agentsess is installed here\n");
}

#[test]
fn doctor_names_files_that_a_host_cannot_read() {
    let project = Project::git();
    project.ok(&["init", "--yes", "--host", "claude,codex"]);
    let broken = [
        ".claude/settings.json",
        ".mcp.json",
        ".codex/config.toml",
        ".codex/hooks.json",
    ];
    for path in broken {
        project.write(path, "{\n  [\n");
    }
    let said = project.fails(1, &["doctor"]);
    for path in broken {
        let start = format!("{path}: this is not ");
        let line = said
            .lines()
            .find(|line| line.starts_with(&start))
            .expect(&said);
        assert!(
            line.contains("(line ") && line.ends_with("[unreadable]"),
            "{line}"
        );
    }
    assert!(
        said.contains("\n  help: ${EDITOR:-vi} .claude/settings.json\n"),
        "{said}"
    );
}

#[test]
fn settings_that_are_wrong_keep_nobody_from_finding_out_or_from_removing() {
    let project = Project::git();
    project.ok(&["init", "--yes", "--host", "claude"]);
    project.write(".agents/agentsess.toml", "[linear]\nworkspce = 'x'\n");
    let said = project.fails(1, &["doctor"]);
    let line = "agentsess.toml: unknown key `workspce`; did you mean `workspace`? (line 2, column 1) \
                [unreadable]\n";
    assert!(said.contains(line), "{said}");
    project.fails(2, &["init", "--yes", "--host", "claude"]);
    let said = project.ok(&["init", "--remove", "--yes"]);
    assert!(
        said.contains("agentsess.toml: it was changed, and stays"),
        "{said}"
    );
    assert!(!project.root.join(".claude").exists());
}

#[test]
fn an_event_that_is_asked_for_later_comes_out_with_the_rest() {
    let project = Project::git();
    let before = everything(&project.root);
    project.ok(&["init", "--yes", "--host", "claude,cursor"]);
    project.ok(&[
        "init",
        "--yes",
        "--host",
        "claude,cursor",
        "--with",
        "stop,subagents",
    ]);
    let settings = fs::read_to_string(project.root.join(".claude/settings.json")).unwrap();
    assert!(settings.contains("agentsess hook subagent-stop --host claude"));
    project.ok(&["init", "--remove", "--yes"]);
    assert_eq!(everything(&project.root), before);
}

#[test]
fn a_part_of_it_comes_out_alone() {
    let project = Project::git();
    project.ok(&[
        "init",
        "--yes",
        "--host",
        "claude,gemini",
        "--only",
        "hooks",
    ]);
    let hooks = everything(&project.root);
    project.ok(&[
        "init",
        "--yes",
        "--host",
        "claude,gemini",
        "--only",
        "hooks,mcp",
    ]);
    project.ok(&["init", "--remove", "--yes", "--only", "mcp"]);
    assert_eq!(everything(&project.root), hooks);
}

#[test]
fn copilot_has_no_hooks_of_its_own_beside_those_of_claude() {
    let project = Project::git();
    let said = project.ok(&["init", "--yes", "--host", "claude,copilot"]);
    assert!(
        said.contains("Copilot reads the hooks in .claude/settings.json"),
        "{said}"
    );
    assert!(!project.root.join(".github").exists());
    let said = project.ok(&["init", "--yes", "--host", "copilot"]);
    assert!(said.contains("Copilot reads the hooks"), "{said}");
    assert!(!project.root.join(".github").exists());
}

#[test]
fn hooks_of_claude_take_the_place_of_those_of_copilot() {
    let project = Project::git();
    project.ok(&["init", "--yes", "--host", "copilot"]);
    let own = project.root.join(".github/hooks/agentsess.json");
    assert!(own.is_file());
    // Whoever laid it out.
    let text: serde_json::Value = serde_json::from_slice(&fs::read(&own).unwrap()).unwrap();
    fs::write(&own, text.to_string()).unwrap();
    let said = project.ok(&["init", "--yes", "--host", "claude"]);
    assert!(said.contains("it gets none of its own"), "{said}");
    assert!(!project.root.join(".github").exists());
    let said = project.ok(&["init", "--remove", "--yes", "--host", "claude"]);
    assert!(said.contains("`agentsess init --host copilot`"), "{said}");
    let said = project.ok(&["init", "--remove", "--yes"]);
    assert!(!said.contains("--host copilot"), "{said}");
}

#[test]
fn what_one_host_had_goes_and_what_others_read_stays() {
    let project = Project::git();
    project.ok(&["init", "--yes", "--host", "codex,gemini,copilot"]);
    project.ok(&["init", "--remove", "--yes", "--host", "copilot,codex"]);
    for (path, stays) in [
        (".github", false),
        (".codex", false),
        (".mcp.json", true),
        (".gemini/settings.json", true),
        (".agents/skills/agentsess/SKILL.md", true),
        ("AGENTS.md", true),
    ] {
        assert_eq!(project.root.join(path).exists(), stays, "{path}");
    }
}

#[test]
fn a_file_that_is_broken_is_refused_and_nothing_is_written() {
    let broken = [
        (
            ".claude/settings.json",
            "{\n  \"hooks\": [\n",
            ":2:12: this is not JSON",
        ),
        (
            ".claude/settings.json",
            "{\n  \"hooks\": []\n}\n",
            ":2:12: `hooks` is not an object",
        ),
        (
            ".claude/settings.json",
            "{\"hooks\": {\"SessionStart\": {}}}",
            ":1:28: `hooks.SessionStart` is not an array",
        ),
        (
            ".claude/settings.json",
            "{\"hooks\": {}, \"hooks\": {}}",
            ":1:15: the key `hooks` is there twice",
        ),
        (
            ".claude/settings.json",
            "[]",
            ":1:1: the file is not an object",
        ),
        (".mcp.json", "{} {}", ":1:4: this is not JSON"),
        (".codex/config.toml", "model = \n", ":1:9: this is not TOML"),
        (
            ".codex/config.toml",
            "mcp_servers = {}\n",
            ": this is not TOML to which a table can be added",
        ),
        (
            "AGENTS.md",
            "# Us\n<!-- agentsess:begin -->\n",
            ":2:1: the marker",
        ),
    ];
    for (path, text, message) in broken {
        let project = Project::git();
        project.write(path, text);
        let before = everything(&project.root);
        let said = project.fails(2, &["init", "--yes", "--host", ALL]);
        assert!(
            said.contains(message) && said.contains(path),
            "{text}: {said}"
        );
        assert!(said.contains("\nhint: "), "{said}");
        assert_eq!(everything(&project.root), before);
    }
    let project = Project::git();
    let deep = "[".repeat(100_000);
    project.write(".claude/settings.json", &deep);
    project.fails(2, &["init", "--yes", "--host", "claude"]);
}

#[test]
fn no_link_is_followed() {
    let project = Project::git();
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("settings.json");
    fs::write(&target, "{}").unwrap();
    fs::create_dir(project.root.join(".claude")).unwrap();
    symlink(&target, project.root.join(".claude/settings.json")).unwrap();
    let said = project.fails(2, &["init", "--yes", "--host", "claude"]);
    assert!(said.contains("symbolic link"), "{said}");
    fs::remove_dir_all(project.root.join(".claude")).unwrap();
    symlink(outside.path(), project.root.join(".claude")).unwrap();
    let said = project.fails(2, &["init", "--yes", "--host", "claude"]);
    assert!(said.contains("leads out of the project"), "{said}");
    assert_eq!(fs::read_to_string(&target).unwrap(), "{}");
    assert!(!project.root.join("AGENTS.md").exists());
}

#[test]
fn one_document_of_the_project_may_be_another_name_of_the_other() {
    for (link, file) in [("CLAUDE.md", "AGENTS.md"), ("AGENTS.md", "CLAUDE.md")] {
        let project = Project::git();
        project.write(file, "# Us\n");
        symlink(file, project.root.join(link)).unwrap();
        there_and_back(&project, &["--host", "claude"]);
        let said = project.ok(&["init", "--yes", "--host", "claude", "--only", "agents-md"]);
        assert!(said.starts_with(&format!("changed {file}\n")), "{said}");
        assert!(!said.contains("note: "), "{said}");
        assert!(project.root.join(link).is_symlink());
        let text = fs::read_to_string(project.root.join(file)).unwrap();
        assert!(text.contains("agentsess:begin"), "{text}");
    }
    // Nothing but a document is.
    let project = Project::git();
    symlink(".git/config", project.root.join("AGENTS.md")).unwrap();
    let said = project.fails(2, &["init", "--yes", "--only", "agents-md"]);
    assert!(said.contains("symbolic link"), "{said}");
}

#[test]
fn a_removal_does_not_stumble_over_files_that_it_has_nothing_in() {
    let project = Project::git();
    let before = everything(&project.root);
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("AGENTS.md");
    fs::write(&target, "# All of us\n").unwrap();
    project.ok(&["init", "--yes", "--host", "claude", "--only", "hooks,mcp"]);
    symlink(&target, project.root.join("AGENTS.md")).unwrap();
    project.write(".gemini/settings.json", "{ no JSON");
    let said = project.ok(&["init", "--remove", "--yes"]);
    assert!(
        said.contains("note: AGENTS.md: it is reached through a symbolic link"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&target).unwrap(), "# All of us\n");
    fs::remove_file(project.root.join("AGENTS.md")).unwrap();
    fs::remove_dir_all(project.root.join(".gemini")).unwrap();
    assert_eq!(everything(&project.root), before);
}

#[test]
fn what_others_have_in_its_place_stays() {
    let project = Project::git();
    let server = "{\"mcpServers\": {\"agentsess\": {\"command\": \"mine\"}}}\n";
    project.write(".mcp.json", server);
    project.write(
        ".codex/config.toml",
        "[mcp_servers.agentsess]\ncommand = \"mine\"\n",
    );
    project.write(".agents/skills/agentsess/SKILL.md", "mine\n");
    let said = project.ok(&["init", "--yes", "--host", "claude,codex"]);
    assert_eq!(said.matches(" stays\n").count(), 3, "{said}");
    project.ok(&["init", "--remove", "--yes"]);
    let read = |path: &str| fs::read_to_string(project.root.join(path)).unwrap();
    assert_eq!(read(".mcp.json"), server);
    assert_eq!(read(".agents/skills/agentsess/SKILL.md"), "mine\n");
}

#[test]
fn what_another_version_installed_is_brought_up_to_date_and_doctor_says_so() {
    let project = Project::git();
    project.ok(&["init", "--yes", "--host", "claude"]);
    let current = everything(&project.root);
    for (path, from, to) in [
        (
            ".claude/skills/agentsess/SKILL.md",
            "# Sessions",
            "# Sitzungen",
        ),
        ("AGENTS.md", "## Sessions", "## Sitzungen"),
    ] {
        let full = project.root.join(path);
        let text = fs::read_to_string(&full).unwrap();
        fs::write(&full, text.replacen(from, to, 1)).unwrap();
        let said = project.shell("agentsess doctor");
        assert!(
            said.contains(&format!("{path}: this is from another version")),
            "{said}"
        );
        project.ok(&["init", "--yes", "--host", "claude"]);
        assert_eq!(everything(&project.root), current);
    }
    assert_eq!(
        project.shell("agentsess doctor"),
        "nothing to complain about\n"
    );
}

#[test]
fn a_hook_that_somebody_made_their_own_stays_and_is_not_installed_again() {
    let ours = "agentsess hook session-start --host claude";
    let hook = |text: &str| text.replacen(ours, "X", 1);
    let with = |command: &str| {
        format!(
            "{{\"hooks\":{{\"SessionStart\":[{{\"hooks\":[{{\"type\":\"command\",\"command\":\"{command}\"}}]}}]}}}}"
        )
    };
    let beside = format!("{ours}\"}},{{\"type\":\"command\",\"command\":\"echo mine");
    let changed = [
        format!("{ours} && echo extra"),
        format!("{ours} --role reviewer"),
        format!("/usr/local/bin/{ours}"),
        format!("FOO=1 {ours}"),
        beside,
    ];
    for command in changed {
        let project = Project::git();
        let path = project.root.join(".claude/settings.json");
        fs::create_dir(project.root.join(".claude")).unwrap();
        fs::write(&path, with(&command)).unwrap();
        let said = project.shell("agentsess init --yes --host claude --only hooks");
        assert!(said.contains("and stays"), "{said}");
        let put = fs::read_to_string(&path).unwrap();
        assert!(put.contains(&command), "{put}");
        assert!(!hook(&put).contains(ours), "twice: {put}");
        project.ok(&["init", "--remove", "--yes"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), with(&command));
    }
    // One beside ours keeps it there, and that is said once.
    let project = Project::git();
    let path = project.root.join(".mcp.json");
    fs::write(
        &path,
        "{\"mcpServers\": {\"agentsess\": {\"command\": \"mine\"}}}",
    )
    .unwrap();
    let said = project.shell("agentsess init --remove --yes");
    assert_eq!(said.matches(".mcp.json: another").count(), 1, "{said}");
    project.write(
        ".claude/settings.json",
        &with(&format!("{ours}\"}},{{\"command\":\"mine")),
    );
    let said = project.shell("agentsess init --remove --yes");
    assert!(said.contains("take out by hand"), "{said}");
    // What is set beside our command is theirs, the command is ours.
    let project = Project::git();
    project.ok(&["init", "--yes", "--host", "claude", "--only", "hooks"]);
    let path = project.root.join(".claude/settings.json");
    let text = fs::read_to_string(&path).unwrap();
    let patient = text.replacen("\"timeout\": 10", "\"timeout\": 30", 1);
    fs::write(&path, &patient).unwrap();
    project.ok(&["init", "--yes", "--host", "claude", "--only", "hooks"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), patient);
    project.ok(&["init", "--remove", "--yes"]);
    assert!(!path.exists());
}

#[test]
fn lines_that_are_appended_later_are_no_part_of_ours() {
    for (flags, path, line) in [
        ("--private --only config", ".git/info/exclude", "secret.env"),
        (
            "--only mcp",
            ".codex/config.toml",
            "[sandbox_workspace_write]",
        ),
        ("--only agents-md", "AGENTS.md", "more text"),
    ] {
        let project = Project::git();
        let full = project.root.join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(&full, "a = 1").unwrap();
        let init = format!("agentsess init --yes --host codex {flags}");
        project.shell(&init);
        project.shell(&format!("echo '{line}' >> {path}"));
        let put = fs::read_to_string(&full).unwrap();
        assert!(put.lines().any(|it| it == line), "{put}");
        project.shell("agentsess init --remove --yes");
        assert_eq!(
            fs::read_to_string(&full).unwrap(),
            format!("a = 1\n{line}\n")
        );
    }
}

#[test]
fn doctor_says_what_keeps_hooks_from_running() {
    let project = Project::git();
    project.ok(&["init", "--yes", "--host", "codex,cline"]);
    let said = project.fails(1, &["doctor"]);
    assert!(
        said.contains("which is not on the path [not-on-path]"),
        "{said}"
    );
    let hook = project.root.join(".clinerules/hooks/TaskStart");
    assert_eq!(
        fs::metadata(&hook).unwrap().permissions().mode() & 0o111,
        0o111
    );
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o644)).unwrap();
    let home = project.root.parent().unwrap().join(".codex");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("config.toml"), "").unwrap();
    let said = project.shell("agentsess doctor");
    assert!(
        said.contains("TaskStart: this hook cannot be run [not-executable]"),
        "{said}"
    );
    assert!(said.contains("[untrusted-hooks]"), "{said}");
    let key = project.root.join(".codex/hooks.json");
    let trust = format!(
        "[hooks.state.\"{}:session_start:0:0\"]\ntrusted_hash = \"sha256:0\"\n",
        key.display()
    );
    fs::write(home.join("config.toml"), trust).unwrap();
    assert!(
        !project
            .shell("agentsess doctor")
            .contains("untrusted-hooks")
    );
}

#[test]
fn a_check_before_each_commit_is_written_only_where_there_is_none() {
    let project = Project::git();
    let before = everything(&project.root);
    project.ok(&["init", "--yes", "--only", "pre-commit"]);
    assert!(project.root.join(".pre-commit-config.yaml").is_file());
    project.ok(&["init", "--remove", "--yes"]);
    assert_eq!(everything(&project.root), before);
    project.write(".pre-commit-config.yaml", "repos: []\n");
    let before = everything(&project.root);
    let said = project.ok(&["init", "--yes", "--only", "pre-commit"]);
    assert!(
        said.contains("note: put this into .pre-commit-config.yaml:\nrepos:\n"),
        "{said}"
    );
    project.ok(&["init", "--remove", "--yes"]);
    assert_eq!(everything(&project.root), before);
}

#[test]
fn private_sessions_are_left_alone_by_git() {
    let project = Project::git();
    project.ok(&["init", "--yes", "--private"]);
    project.ok(&["new", "Weather", "--context", "c", "--next", "n"]);
    let status = project.shell("git status --short --untracked-files=all");
    assert!(!status.contains("sessions"), "{status}");
    let said = Project::bare().fails(2, &["init", "--yes", "--private"]);
    assert!(said.contains("there is no git repository"), "{said}");
    // Nor does git get them by the way.
    let said = project.ok(&["init", "--remove", "--yes"]);
    assert!(
        said.contains("`agentsess init --remove --private` ends that"),
        "{said}"
    );
    let status = project.shell("git status --short --untracked-files=all");
    assert!(!status.contains("sessions"), "{status}");
    let said = project.ok(&["init", "--remove", "--private", "--yes"]);
    assert!(said.contains("info/exclude"), "{said}");
    let status = project.shell("git status --short --untracked-files=all");
    assert!(status.contains("sessions"), "{status}");
}

#[test]
fn what_cannot_be_put_in_or_stays_is_said() {
    let said = |files: &[(&str, &str)], arguments: &[&str]| {
        let project = Project::git();
        for (path, text) in files {
            project.write(path, text);
        }
        let install = [&["init", "--yes"], arguments].concat();
        (project.ok(&install), project)
    };
    let (nobody, _) = said(&[], &[]);
    assert!(
        nobody.contains("--host names them: claude, codex"),
        "{nobody}"
    );
    let (file, project) = said(&[(".clinerules", "Be kind."), (".claude/a", "")], &[]);
    assert!(file.contains(".clinerules: this is a file"), "{file}");
    assert_eq!(file.matches("this is a file").count(), 1, "{file}");
    assert!(project.root.join(".claude/settings.json").exists());
    project.ok(&["init", "--remove", "--yes"]);
    let (own, _) = said(&[("CLAUDE.md", "# Us\n")], &[]);
    assert!(own.contains("a line `@AGENTS.md`"), "{own}");
    let (includes, _) = said(&[("CLAUDE.md", "@AGENTS.md\n")], &[]);
    assert!(!includes.contains("CLAUDE.md"), "{includes}");
    let local = ".claude/settings.local.json";
    let (local, _) = said(&[(local, "\"agentsess hook stop\"")], &[]);
    assert!(local.contains("what is in both runs twice"), "{local}");
    let yaml = ".pre-commit-config.yaml";
    let (yaml, _) = said(&[(yaml, "repos: []\n")], &["--only", "pre-commit"]);
    assert!(yaml.starts_with("nothing was changed\n"), "{yaml}");

    let (_, project) = said(&[], &["--host", "claude"]);
    let settings = project.root.join(".claude/settings.json");
    let text = fs::read_to_string(&settings).unwrap();
    let theirs = "\"SessionStart\": [\n      { \"hooks\": [ { \"type\": \"command\", \
                  \"command\": \"FOO=1 agentsess hook session-start\" } ] },";
    fs::write(&settings, text.replace("\"SessionStart\": [", theirs)).unwrap();
    project.write(".agents/agentsess.toml", "lock-timeout = 5\n");
    let removed = project.ok(&["init", "--remove", "--yes"]);
    for stays in [
        ".claude/settings.json: a hook that calls `agentsess hook session-start` is there and stays",
        ".agents/agentsess.toml: it was changed, and stays",
    ] {
        assert!(removed.contains(stays), "{removed}");
    }
    assert!(fs::read_to_string(&settings).unwrap().contains("FOO=1"));
}

#[test]
fn the_settings_that_opencode_has_are_used() {
    let project = Project::git();
    project.write("opencode.jsonc", "{\n  // mine\n  \"model\": \"x\"\n}\n");
    there_and_back(&project, &[]);
    project.ok(&["init", "--yes"]);
    assert!(!project.root.join("opencode.json").exists());
    let text = fs::read_to_string(project.root.join("opencode.jsonc")).unwrap();
    assert!(
        text.contains("// mine") && text.contains("\"agentsess\""),
        "{text}"
    );
}

#[test]
fn an_event_comes_out_alone() {
    let project = Project::git();
    project.ok(&["init", "--yes", "--host", ALL]);
    let usual = everything(&project.root);
    project.ok(&["init", "--yes", "--host", ALL, "--with", "stop"]);
    assert_ne!(everything(&project.root), usual);
    project.ok(&["init", "--remove", "--yes", "--with", "subagents"]);
    assert_ne!(everything(&project.root), usual);
    project.ok(&["init", "--remove", "--yes", "--with", "stop"]);
    assert_eq!(everything(&project.root), usual);
}

#[test]
fn nothing_is_written_unless_it_was_said() {
    let project = Project::git();
    project.write(".claude/settings.json", "{}");
    let before = everything(&project.root);
    let said = project.fails(2, &["init"]);
    assert!(said.contains("+++ .claude/settings.json"), "{said}");
    assert!(
        said.ends_with("nothing was changed\nhint: agentsess init --yes\n"),
        "{said}"
    );
    project.ok(&["init", "--dry-run"]);
    let answer = project.ok(&["init", "--dry-run", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["done"], false);
    assert_eq!(answer["files"][0]["change"], "added");
    assert_eq!(everything(&project.root), before);
}

const ENTER: &str = "\r";

#[test]
fn on_a_terminal_it_asks_for_whom_and_what_and_shows_every_change() {
    let project = Project::git();
    project.write(".claude/settings.json", "{}");
    let before = everything(&project.root);
    let keys = |last: &'static str| {
        [
            ("Which programs run agents here?", ENTER),
            ("What is to be installed?", ENTER),
            ("files? ", last),
        ]
    };
    let (shown, code) = on_a_terminal(&project, &["init"], &keys("n"));
    assert_eq!(code, 2, "{shown}");
    assert!(shown.contains("+++ .claude/settings.json"), "{shown}");
    assert!(shown.contains("nothing was changed"), "{shown}");
    assert_eq!(everything(&project.root), before);
    let (shown, code) = on_a_terminal(&project, &["init"], &keys("y"));
    assert_eq!(code, 0, "{shown}");
    let settings = fs::read_to_string(project.root.join(".claude/settings.json")).unwrap();
    assert!(settings.contains("agentsess hook session-start --host claude"));
    let (shown, code) = on_a_terminal(&project, &["init", "--remove"], &[("files? ", "y")]);
    assert_eq!(code, 0, "{shown}");
    assert_eq!(everything(&project.root), before);
}
