use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::Context;
use crate::config::FailOn;
use crate::error::Result;
use crate::lint::{RULES, Rule};
use crate::store::Store;

#[derive(Serialize)]
struct Shown<'s> {
    root: &'s Path,
    sessions: &'s Path,
    configuration: Option<PathBuf>,
    fail_on: FailOn,
    strict_keys: bool,
    stale_days: u32,
    long_paused_days: u32,
    forgotten_days: u32,
    clock_skew_minutes: u32,
    rules: Vec<&'static str>,
    off: Vec<&'static str>,
}

/// What `lint` would go by.
pub(super) fn show(
    context: &Context,
    store: &Store,
    rules: &[&'static Rule],
    fail_on: FailOn,
) -> Result<ExitCode> {
    let lint = &store.config.lint;
    let is_on = |rule: &Rule| rules.iter().any(|on| on.code == rule.code);
    let off = RULES.iter().filter(|rule| !is_on(rule));
    let shown = Shown {
        root: &store.root,
        sessions: &store.sessions,
        configuration: store.config.path().map(|path| store.shown(path)),
        fail_on,
        strict_keys: lint.strict_keys,
        stale_days: lint.stale_days,
        long_paused_days: lint.long_paused_days,
        forgotten_days: lint.forgotten_days,
        clock_skew_minutes: lint.clock_skew_minutes,
        rules: rules.iter().map(|rule| rule.name).collect(),
        off: off.map(|rule| rule.name).collect(),
    };
    context.output.print(&shown, || {
        // One list of names for both forms.
        let value = serde_json::to_value(&shown).unwrap_or_default();
        let fields = value.as_object().into_iter().flatten();
        fields.fold(String::new(), |mut text, (key, value)| {
            let _ = match value.as_array() {
                None => writeln!(text, "{key} = {value}"),
                Some(items) => items.iter().fold(writeln!(text, "{key} ="), |done, value| {
                    done.and_then(|()| writeln!(text, "  {}", value.as_str().unwrap_or("")))
                }),
            };
            text
        })
    })?;
    Ok(ExitCode::SUCCESS)
}
