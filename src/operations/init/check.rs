//! Whether what was installed is up to date, can be run, is trusted, and may write here.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::catalog::{CODEX_CONFIG, Content, Extra, HOSTS, Host, Item, Part, Wanted};
use super::files::{BYTE_ORDER_MARK, check_toml, edit, position, unclosed};
use super::json::{Fault, State};
use super::{Request, block, every_item, json};
use crate::operations::doctor::Problem;
use crate::store::Store;

/// The hooks of Codex, which the user has to have looked at.
const CODEX_HOOKS: &str = ".codex/hooks.json";

/// What is to be known of where this runs.
#[derive(Debug)]
pub struct Surroundings<'s> {
    /// `PATH`.
    pub path: Option<&'s OsStr>,
    /// The folder in which Codex keeps what this user has set.
    pub codex: Option<PathBuf>,
    /// The commands that the skill lists.
    pub commands: &'s str,
}

/// What is wrong with what was installed.
pub fn examine(store: &Store, around: &Surroundings) -> Vec<Problem> {
    let hosts: Vec<&Host> = HOSTS.iter().collect();
    let request = Request {
        hosts: &hosts,
        parts: &Part::ALL,
        extras: &Extra::ALL,
        private: false,
        commands: around.commands,
    };
    let mut problems = Vec::new();
    let mut calls = None;
    let wanted = Wanted {
        parts: request.parts,
        extras: request.extras,
        usual: true,
    };
    for item in every_item(store, &request, wanted) {
        let Ok(Some(bytes)) = store.read_document(Path::new(&item.path)) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
        let path = store.shown(&store.root.join(&item.path));
        match installed(&item, text) {
            Err(fault) => {
                if !problems.iter().any(|it: &Problem| it.path == path) {
                    let (line, column) = position(text, fault.offset);
                    let message = format!("{} (line {line}, column {column})", fault.message);
                    let help = edit(&path);
                    problems.push(Problem::new("unreadable", path, message, help));
                }
                continue;
            }
            Ok(Some(current)) => {
                if !current && !problems.iter().any(|it: &Problem| it.path == path) {
                    let message = "this is from another version of agentsess, or was changed";
                    let help = "agentsess init --yes";
                    let problem = Problem::new("outdated-install", path.clone(), message, help);
                    problems.push(problem);
                }
                if matches!(item.content, Content::Json { .. }) && calls.is_none() {
                    calls = Some(path);
                }
            }
            Ok(None) => continue,
        }
        if let Content::Whole {
            executable: true, ..
        } = item.content
        {
            problems.extend(not_executable(store, &item.path));
        }
    }
    if let Some(caller) = calls {
        problems.extend(unreachable(caller, around.path));
    }
    problems.extend(untrusted(store, around.codex.as_deref()));
    problems.extend(store.cannot_write().map(|error| {
        let path = error.location.map(|at| at.path).unwrap_or_default();
        let help = error.hint.unwrap_or_default();
        Problem::new("read-only", path, error.message, help)
    }));
    problems
}

/// Whether something of ours is in a file, and whether as it is to be. What the host cannot read it
/// does not do.
fn installed(item: &Item, text: &str) -> Result<Option<bool>, Fault> {
    Ok(match &item.content {
        Content::Json { .. } if text.trim().is_empty() => None,
        Content::Json { entries, .. } => {
            let states = entries.iter().map(|it| json::state(text, it));
            let states: Vec<_> = states.collect::<Result<_, _>>()?;
            states.contains(&State::Current).then_some(true)
        }
        Content::Block(comment, content) => {
            if item.path == CODEX_CONFIG {
                check_toml(text)?;
            }
            block::state(text, *comment, content).map_err(unclosed)?
        }
        Content::Whole {
            text: own, marker, ..
        } => {
            let ours = text == own || marker.is_some_and(|marker| text.contains(marker));
            ours.then_some(text == own)
        }
    })
}

fn not_executable(store: &Store, path: &str) -> Option<Problem> {
    let full = store.root.join(path);
    let mode = fs::metadata(&full).ok()?.permissions().mode();
    (mode & 0o111 == 0).then(|| {
        let shown = store.shown(&full);
        let help = format!(
            "chmod +x {}",
            crate::shell::word(&shown.display().to_string())
        );
        Problem::new("not-executable", shown, "this hook cannot be run", help)
    })
}

/// Hosts find the program on the path, and it has to be this one.
fn unreachable(caller: PathBuf, path: Option<&OsStr>) -> Option<Problem> {
    let name = env!("CARGO_PKG_NAME");
    let is_program = |file: &PathBuf| {
        let meta = fs::metadata(file);
        meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    let folders = path.map(env::split_paths).into_iter().flatten();
    let Some(found) = folders.map(|folder| folder.join(name)).find(is_program) else {
        let message = "it calls `agentsess`, which is not on the path";
        let own = env::current_exe().ok();
        let folder = own.as_deref().and_then(Path::parent);
        let folder = folder.map_or("FOLDER".into(), |folder| folder.display().to_string());
        let help = format!("export PATH=\"$PATH\":{}", crate::shell::word(&folder));
        return Some(Problem::new("not-on-path", caller, message, help));
    };
    let same = |a: &Path, b: &Path| fs::canonicalize(a).ok() == fs::canonicalize(b).ok();
    if env::current_exe().is_ok_and(|own| same(&own, &found)) {
        return None;
    }
    let mut command = Command::new(&found);
    let output = command
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let own = format!("{name} {}", env!("CARGO_PKG_VERSION"));
    (said != own).then(|| {
        let message = format!("it calls `{said}`, and this is `{own}`");
        let help = format!("{} doctor", found.display());
        Problem::new("other-version", caller, message, help)
    })
}

/// Codex skips hooks that the user has not looked at, and says nothing.
fn untrusted(store: &Store, codex: Option<&Path>) -> Option<Problem> {
    let full = store.root.join(CODEX_HOOKS);
    let hooks = fs::read_to_string(&full).ok()?;
    if !hooks.contains("agentsess hook ") {
        return None;
    }
    let config = fs::read_to_string(codex?.join("config.toml")).ok()?;
    let config = config.parse::<toml::Table>().ok()?;
    let state = config
        .get("hooks")
        .and_then(|hooks| hooks.get("state"))
        .and_then(toml::Value::as_table);
    let prefix = format!("{}:", full.display());
    let known = state.is_some_and(|state| state.keys().any(|key| key.starts_with(&prefix)));
    (!known).then(|| {
        let message = "Codex skips these hooks until you have looked at them";
        Problem::new(
            "untrusted-hooks",
            store.shown(&full),
            message,
            "run `/hooks` in Codex",
        )
    })
}
