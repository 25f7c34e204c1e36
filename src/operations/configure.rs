//! The command that adds a table to the project's configuration, for hints.

use std::fs;
use std::path::Path;

use crate::config;
use crate::shell;
use crate::store::Store;

/// Adds the lines to the configuration that is in use, or else makes the one of the root. It opens
/// an editor where the table that begins with them stands already: a second one would be an error.
pub(super) fn add(store: &Store, table: &str, line: &str) -> String {
    let known = store.config.path().map(Path::to_owned);
    let path = known.unwrap_or_else(|| store.root.join(config::FILE));
    let old = fs::read_to_string(&path).ok();
    let shown = |path: &Path| shell::word(&store.shown(path).display().to_string());
    let file = shown(&path);
    let header = shell::word(&format!("[{table}]"));
    let line = shell::word(line);
    match (old, path.parent()) {
        (Some(old), _) if has(&old, table) => format!("${{EDITOR:-vi}} {file}"),
        (None, Some(folder)) if !folder.is_dir() => {
            let folder = shown(folder);
            format!("mkdir -p {folder} && printf '%s\\n' {header} {line} >> {file}")
        }
        (Some(old), _) if !old.is_empty() => {
            format!("printf '%s\\n' '' {header} {line} >> {file}")
        }
        _ => format!("printf '%s\\n' {header} {line} >> {file}"),
    }
}

/// Whether a configuration has a table of this dotted name.
fn has(text: &str, name: &str) -> bool {
    let table = text.parse::<toml::Table>().unwrap_or_default();
    let mut keys = name.split('.');
    let first = keys.next().and_then(|key| table.get(key));
    let found = keys.fold(first, |value, key| value?.get(key));
    found.is_some()
}
