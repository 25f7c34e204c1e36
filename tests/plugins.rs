//! The plugins are what `init` would install: `UPDATE_DOCS=1` writes them, and without it a test fails
//! where one is out of date.

use std::fs;
use std::path::{Path, PathBuf};

use agentsess::commands;
use agentsess::operations::init::catalog::{self, OPENCODE_PLUGIN};
use serde_json::{Value, json};

const VERSION: &str = env!("CARGO_PKG_VERSION");

const DESCRIPTION: &str =
    "Session files for coding agents: each conversation knows where the work stands";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn is_current(name: &str, expected: &str) {
    let path = root().join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
    }
    let actual = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        actual == expected,
        "{name} is out of date; UPDATE_DOCS=1 cargo test --test plugins writes it"
    );
}

fn is_current_json(name: &str, expected: &Value) {
    is_current(name, &format!("{expected:#}\n"));
}

#[test]
fn the_plugin_for_claude_codex_and_copilot_is_current() {
    let folder = "plugins/agentsess";
    let manifest = json!({
        "name": "agentsess",
        "version": VERSION,
        "description": DESCRIPTION,
        "author": {"name": "agentsess"},
        "license": env!("CARGO_PKG_LICENSE"),
        "keywords": ["session", "handoff", "agents"],
    });
    is_current_json(&format!("{folder}/.claude-plugin/plugin.json"), &manifest);
    let hooks = json!({"description": DESCRIPTION, "hooks": catalog::plugin_hooks("claude")});
    is_current_json(&format!("{folder}/hooks/hooks.json"), &hooks);
    let servers = json!({"mcpServers": {"agentsess": catalog::server()}});
    is_current_json(&format!("{folder}/.mcp.json"), &servers);
    is_current(
        &format!("{folder}/skills/agentsess/SKILL.md"),
        &commands::skill(),
    );
    let marketplace = json!({
        "name": "agentsess-marketplace",
        "owner": {"name": "agentsess"},
        "metadata": {"description": DESCRIPTION, "version": VERSION},
        "plugins": [{
            "name": "agentsess",
            "source": "./plugins/agentsess",
            "description": DESCRIPTION,
            "version": VERSION,
            "license": env!("CARGO_PKG_LICENSE"),
            "category": "workflow",
        }],
    });
    is_current_json(".claude-plugin/marketplace.json", &marketplace);
}

#[test]
fn the_extension_for_gemini_is_current() {
    let folder = "plugins/gemini";
    let manifest = json!({
        "name": "agentsess",
        "version": VERSION,
        "description": DESCRIPTION,
        "mcpServers": {"agentsess": catalog::server()},
    });
    is_current_json(&format!("{folder}/gemini-extension.json"), &manifest);
    let hooks = json!({"hooks": catalog::plugin_hooks("gemini")});
    is_current_json(&format!("{folder}/hooks/hooks.json"), &hooks);
    is_current(
        &format!("{folder}/skills/agentsess/SKILL.md"),
        &commands::skill(),
    );
}

#[test]
fn the_plugin_for_opencode_is_current() {
    is_current("plugins/opencode/agentsess.js", OPENCODE_PLUGIN);
}

#[test]
fn gemini_gets_milliseconds_and_no_matchers_and_codex_no_more_than_it_allows() {
    let hooks = catalog::plugin_hooks("gemini");
    let events = hooks.as_object().unwrap();
    assert_eq!(
        events.keys().collect::<Vec<_>>(),
        ["SessionStart", "SessionEnd"]
    );
    for groups in events.values() {
        assert!(groups[0].get("matcher").is_none());
    }
    let timeout = |hooks: &Value, event: &str| hooks[event][0]["hooks"][0]["timeout"].clone();
    assert_eq!(timeout(&hooks, "SessionStart"), 10_000);
    // The plugin of Claude is that of Codex, too, which tells the user of a timeout above 3 s here.
    for host in ["claude", "codex"] {
        let hooks = catalog::plugin_hooks(host);
        assert_eq!(timeout(&hooks, "SessionStart"), 10, "{host}");
        assert_eq!(timeout(&hooks, "SessionEnd"), 3, "{host}");
    }
}

#[test]
fn the_skill_keeps_the_rules_for_skills() {
    let skill = commands::skill();
    let (frontmatter, body) = skill
        .strip_prefix("---\n")
        .unwrap()
        .split_once("\n---\n")
        .unwrap();
    let keys: Vec<_> = frontmatter
        .lines()
        .map(|line| line.split_once(": ").unwrap())
        .collect();
    assert_eq!(
        keys.iter().map(|(key, _)| *key).collect::<Vec<_>>(),
        ["name", "description"]
    );
    assert_eq!(keys[0].1, "agentsess");
    let description = keys[1].1;
    assert!((100..=1024).contains(&description.chars().count()));
    assert!(description.contains("Use it when") && !description.contains(": "));
    assert!(body.lines().count() < 120, "{}", body.lines().count());
    assert!(!body.contains("COMMANDS\n"));
    // What it tells an agent to run exists.
    let help = agentsess_help();
    for word in body.split("agentsess ").skip(1) {
        let name: String = word.chars().take_while(char::is_ascii_lowercase).collect();
        if !name.is_empty()
            && word.starts_with(&name)
            && body.contains(&format!("`agentsess {name}"))
        {
            assert!(
                help.contains(&format!("\n  {name} ")),
                "there is no `agentsess {name}`"
            );
        }
    }
}

fn agentsess_help() -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_agentsess"))
        .args(["help", "--all"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_commands_of_the_plugin_describe_themselves() {
    let folder = root().join("plugins/agentsess/commands");
    let files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    assert_eq!(files.len(), 3);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("---\ndescription: "), "{}", file.display());
        assert!(text.contains("$ARGUMENTS"), "{}", file.display());
    }
    let readme = fs::read_to_string(Path::new("plugins/agentsess/README.md")).unwrap();
    assert!(readme.split_whitespace().count() >= 40);
}
