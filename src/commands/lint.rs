use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::Context;
use super::output::finish;
use crate::cli::{self, LintFormat};
use crate::config::FailOn;
use crate::document::Source;
use crate::error::{Error, Kind, Result};
use crate::lint::{self, Finding, Project, Report, Rule, Safety, Selectors, Settings, Severity};
use crate::render;
use crate::store::{self, Place, SettingsFile, Store};

pub(super) fn run(context: &Context, arguments: &cli::Lint) -> Result<ExitCode> {
    let store = Store::open(&Place {
        settings: match &arguments.rules.config {
            _ if arguments.rules.isolated => SettingsFile::None,
            Some(path) => SettingsFile::Named(path.clone()),
            None => SettingsFile::Found,
        },
        ..context.place.clone()
    })?;
    let asked = Selectors {
        select: &arguments.rules.select,
        extend_select: &arguments.rules.extend_select,
        ignore: &arguments.rules.ignore,
    };
    let rules = lint::selected(&store.config, &asked).map_err(|error| store.relocate(error))?;
    let fail_on = match arguments.rules.fail_on {
        Some(cli::FailOn::Error) => FailOn::Error,
        Some(cli::FailOn::Warning) => FailOn::Warning,
        None => store.config.lint.fail_on,
    };
    if arguments.rules.show_settings {
        return show_settings(context, &store, &rules, fail_on);
    }
    let project = Project::new(&store);
    let settings = Settings {
        rules: &rules,
        project: Some(&project),
        ..Settings::new(&store.config, context.now)
    };
    let paths = files(&store, context, &arguments.paths)?;
    let mut report = lint::check_all(&paths, store::read, settings);
    let allowed = if arguments.fixes.unsafe_fixes {
        Safety::Unsafe
    } else {
        Safety::Safe
    };
    if arguments.fixes.diff {
        return diff(context, &store, &report, settings, allowed);
    }
    if arguments.fixes.fix {
        fix(&store, &mut report, settings, allowed)?;
    }
    for file in &mut report.files {
        file.path = store.shown(&file.path);
    }
    let format = if context.output.is_json() {
        LintFormat::Json
    } else {
        arguments.output_format
    };
    let mut stream = BufWriter::new(context.output.stream());
    let rendered = match format {
        LintFormat::Full => render::full(&report, &mut stream),
        LintFormat::Concise => render::concise(&report, &mut stream),
        LintFormat::Json => render::json(&report, &mut stream),
    };
    finish(rendered.and_then(|()| stream.flush()))?;
    let least = match fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
    };
    let failed = report
        .findings()
        .find(|(_, finding)| finding.severity >= least)
        .map(|(_, finding)| finding.rule.name);
    if let (LintFormat::Full, Some(rule)) = (format, failed) {
        context.output.hint(&format!("agentsess rule {rule}"))?;
    }
    let mut unreadable = std::mem::take(&mut report.unreadable);
    let unread = unreadable.pop().map(|error| store.relocate(error));
    for error in unreadable {
        context.output.error(&store.relocate(error));
    }
    match unread {
        Some(error) => Err(error),
        None => Ok(ExitCode::from(u8::from(failed.is_some()))),
    }
}

/// Writes the fixed files and puts what is left to report in the place of what was found.
fn fix(store: &Store, report: &mut Report, settings: Settings<'_>, allowed: Safety) -> Result<()> {
    let wanted = |finding: &Finding| lint::is_fixable(finding, allowed);
    let mut fixed: Vec<(PathBuf, Vec<&'static Rule>)> = Vec::new();
    for file in &report.files {
        if !file.findings.iter().any(wanted) {
            continue;
        }
        let rules = store.update_at(&file.path, |source| {
            let name = file.path.file_name().unwrap_or_default().to_string_lossy();
            let fixed = lint::fix(&name, source, settings, wanted);
            Ok(fixed.map_or((None, Vec::new()), |fixed| (Some(fixed.bytes), fixed.rules)))
        })?;
        fixed.push((file.path.clone(), rules));
    }
    let paths: Vec<_> = fixed.iter().map(|(path, _)| path.clone()).collect();
    let mut again = lint::check_all(&paths, store::read, settings);
    report.unreadable.append(&mut again.unreadable);
    for (path, rules) in fixed {
        let now = again.files.iter().position(|file| file.path == path);
        let now = now.map(|index| again.files.swap_remove(index));
        if let Some(file) = report.files.iter_mut().find(|file| file.path == path) {
            match now {
                Some(now) => *file = now,
                None => file.findings.clear(),
            }
            file.fixed = rules;
        }
    }
    Ok(())
}

/// Shows what would be fixed, as a patch.
fn diff(
    context: &Context,
    store: &Store,
    report: &Report,
    settings: Settings<'_>,
    allowed: Safety,
) -> Result<ExitCode> {
    let wanted = |finding: &Finding| lint::is_fixable(finding, allowed);
    let mut text = String::new();
    for file in &report.files {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(fixed) = lint::fix(&name, &file.source, settings, wanted) {
            let path = store.shown(&file.path);
            text.push_str(&render::diff(
                &path,
                &file.source,
                &Source::new(fixed.bytes),
            ));
        }
    }
    context.output.write(&text)?;
    Ok(ExitCode::from(u8::from(!text.is_empty())))
}

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

fn show_settings(
    context: &Context,
    store: &Store,
    rules: &[&'static Rule],
    fail_on: FailOn,
) -> Result<ExitCode> {
    let lint = &store.config.lint;
    let off = lint::RULES
        .iter()
        .filter(|rule| !rules.iter().any(|on| on.code == rule.code));
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
        // The names of the keys are those of the JSON, and so are the values.
        let value = serde_json::to_value(&shown).unwrap_or_default();
        let fields = value.as_object().into_iter().flatten();
        fields.fold(String::new(), |mut text, (key, value)| {
            let _ = writeln!(text, "{key} = {value}");
            text
        })
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The files to check: those named, and the sessions of the folders named.
fn files(store: &Store, context: &Context, named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if named.is_empty() {
        return store::session_files(&store.sessions);
    }
    let base = context.place.directory.clone().unwrap_or_default();
    let mut files = Vec::new();
    for path in named {
        let path = base.join(path);
        let path = std::path::absolute(&path).unwrap_or(path);
        let meta = std::fs::symlink_metadata(&path).map_err(|error| {
            let mut failed = Error::io("read the file", &path, &error);
            if error.kind() == std::io::ErrorKind::NotFound {
                failed = Error::new(Kind::NotFound, "no such file or folder").at(&path, None);
            }
            store.relocate(failed)
        })?;
        if meta.is_dir() {
            files.extend(store::session_files(&path)?);
        } else if path
            .file_name()
            .is_some_and(|name| store::is_session_name(&name.to_string_lossy()))
            || path.extension().is_none_or(|end| end != "md")
        {
            files.push(path);
        }
    }
    files.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    files.dedup();
    Ok(files)
}
