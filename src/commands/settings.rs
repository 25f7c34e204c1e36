use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use toml::Spanned;

use super::Context;
use crate::config::{Config, FailOn};
use crate::error::{Error, Result};
use crate::lint::{RULES, Rule};
use crate::render;
use crate::store::Store;

#[derive(Serialize)]
struct Shown<'s> {
    root: &'s Path,
    sessions: &'s Path,
    configuration: Option<PathBuf>,
    /// Which keys hold of each file, that one first and then those that it extends.
    sources: Vec<Source>,
    settings: &'s Config,
    off: Vec<&'static str>,
}

#[derive(Serialize)]
struct Source {
    path: PathBuf,
    keys: Vec<String>,
}

/// What `lint` would go by, as a configuration that says the same on its own.
pub(super) fn show(
    context: &Context,
    mut store: Store,
    rules: &[&'static Rule],
    fail_on: FailOn,
    exclude: &[String],
) -> Result<ExitCode> {
    // What it says is here, too.
    store.config.extends = None;
    let lint = &mut store.config.lint;
    let names = rules.iter().map(|rule| rule.name.to_owned());
    lint.select = Some(names.map(|name| Spanned::new(0..0, name)).collect());
    lint.extend_select.clear();
    lint.ignore.clear();
    lint.fail_on = fail_on;
    lint.exclude.extend_from_slice(exclude);
    let sources = store.config.keys()?.into_iter().map(|(path, keys)| Source {
        path: store.shown(path),
        keys,
    });
    let is_on = |rule: &Rule| rules.iter().any(|on| on.code == rule.code);
    let off = RULES.iter().filter(|rule| !is_on(rule));
    let shown = Shown {
        root: &store.root,
        sessions: &store.sessions,
        configuration: store.config.path().map(|path| store.shown(path)),
        sources: sources.collect(),
        settings: &store.config,
        off: off.map(|rule| rule.name).collect(),
    };
    let settings = toml::to_string_pretty(shown.settings)
        .map_err(|error| Error::usage(format!("cannot print the settings: {error}")))?;
    context.output.print(&shown, || {
        let path = |path: &Path| render::one_line(&path.to_string_lossy()).into_owned();
        let configuration = shown.configuration.as_deref();
        let mut sources = String::new();
        for source in shown.sources.iter().filter(|_| shown.sources.len() > 1) {
            let keys = render::sanitize(&source.keys.join(", ")).into_owned();
            let _ = writeln!(sources, "# from {}: {keys}", path(&source.path));
        }
        format!(
            "# root: {}\n# sessions: {}\n# configuration: {}\n{sources}# rules that are off: {}\n\n{}",
            path(shown.root),
            path(shown.sessions),
            configuration.map_or_else(|| "none".to_owned(), path),
            shown.off.join(", "),
            render::sanitize(&settings)
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
