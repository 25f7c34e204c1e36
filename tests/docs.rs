//! What the documents say is what the program does.

use std::fs;
use std::path::Path;

mod common;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn the_example_configuration_is_valid_and_every_key_of_the_table_exists() {
    let document = read("docs/configuration.md");
    let example = document.split("```toml\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let project = common::Project::git();
    project.write(".agents/agentsess.toml", example);
    project.ok(&["list"]);
    let keys: Vec<_> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .filter(|key| !key.chars().any(char::is_uppercase))
        .collect();
    assert!(keys.len() >= 5, "{keys:?}");
    for key in keys {
        // A value of a type that no key has: a known key is told from an unknown one by the error.
        project.write(".agents/agentsess.toml", &format!("{key} = 1979-05-27\n"));
        let text = project.fails(2, &["list"]);
        assert!(!text.contains("unknown field"), "{key}: {text}");
    }
}

#[test]
fn readme_names_every_command_and_the_two_that_do_everything() {
    let readme = read("README.md");
    for command in [
        "new", "log", "show", "list", "close", "set", "restore", "lint", "rule", "adopt",
    ] {
        assert!(readme.contains(&format!("| `{command}` |")), "{command}");
    }
    assert!(readme.contains("```sh\ncargo test --locked\n```"));
    assert!(read(".ci/run").contains("\nstep cargo test --locked "));
}
