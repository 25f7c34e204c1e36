use std::path::PathBuf;
use std::process::ExitCode;

use super::report::Printer;
use super::{Context, settings};
use crate::cli;
use crate::config::FailOn;
use crate::error::{Error, Kind, Result};
use crate::lint::{self, Project, Safety, Selectors, Settings, Severity};
use crate::operations::fix;
use crate::render;
use crate::store::{self, Place, SettingsFile, Store};

pub(super) fn run(context: &Context, arguments: &cli::Lint) -> Result<ExitCode> {
    let cli::Lint { rules, fixes, .. } = arguments;
    let store = Store::open(&Place {
        settings: match &rules.config {
            _ if rules.isolated => SettingsFile::None,
            Some(path) => SettingsFile::Named(path.clone()),
            None => SettingsFile::Found,
        },
        ..context.place.clone()
    })?;
    let fail_on = match rules.fail_on {
        Some(cli::FailOn::Error) => FailOn::Error,
        Some(cli::FailOn::Warning) => FailOn::Warning,
        None => store.config.lint.fail_on,
    };
    let asked = Selectors {
        select: &rules.select,
        extend_select: &rules.extend_select,
        ignore: &rules.ignore,
    };
    let selected = lint::selected(&store.config, &asked).map_err(|error| store.relocate(error))?;
    if rules.show_settings {
        return settings::show(context, &store, &selected, fail_on);
    }
    let paths = files(&store, context, &arguments.paths)?;
    let printer = Printer::new(context, &store, arguments, &paths)?;
    let project = Project::new(&store);
    let settings = Settings {
        rules: &selected,
        project: Some(&project),
        ..Settings::new(&store.config, context.now)
    };
    let allowed = if fixes.unsafe_fixes {
        Safety::Unsafe
    } else {
        Safety::Safe
    };
    let mut report = lint::check_all(&paths, store::read, settings);
    let mut failed = false;
    let mut errors = Vec::new();
    if fixes.diff {
        for (file, after) in fix::preview(&report, settings, allowed) {
            let path = store.shown(&file.path);
            context
                .output
                .write(&render::diff(&path, &file.source, &after))?;
            failed = true;
        }
    } else {
        if fixes.fix {
            errors = fix::apply(&store, &mut report, settings, allowed);
        }
        let least = match fail_on {
            FailOn::Error => Severity::Error,
            FailOn::Warning => Severity::Warning,
        };
        let mut findings = report.findings();
        failed = findings.any(|(_, finding)| finding.severity >= least);
        drop(findings);
        printer.print(context, &store, &mut report)?;
        if fixes.show_fixes {
            context.output.aside(render::fixes(&report).trim_end());
        }
    }
    errors.append(&mut report.unreadable);
    let last = errors.pop();
    for error in errors {
        context.output.error(&store.relocate(error));
    }
    match last {
        Some(error) => Err(store.relocate(error)),
        None => Ok(ExitCode::from(u8::from(failed && !arguments.exit_zero))),
    }
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
