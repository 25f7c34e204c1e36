use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use super::Context;
use super::output::finish;
use crate::cli::{self, LintFormat};
use crate::error::{Error, Kind, Result};
use crate::lint::{self, Settings, Severity};
use crate::render;
use crate::store::{self, Store};

pub(super) fn run(context: &Context, arguments: &cli::Lint) -> Result<ExitCode> {
    let store = context.store()?;
    let paths = files(&store, context, &arguments.paths)?;
    let settings = Settings {
        config: &store.config,
        now: context.now,
    };
    let mut report = lint::check_all(&paths, store::read, settings);
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
    let failed = report
        .findings()
        .find(|(_, finding)| finding.severity == Severity::Error)
        .map(|(_, finding)| finding.rule.name);
    if let (LintFormat::Full, Some(rule)) = (format, failed) {
        context.output.hint(&format!("agentsess rule {rule}"))?;
    }
    let mut unreadable = std::mem::take(&mut report.unreadable);
    let Some(last) = unreadable.pop() else {
        return Ok(ExitCode::from(u8::from(failed.is_some())));
    };
    for error in unreadable {
        context.output.error(&store.relocate(error));
    }
    Err(store.relocate(last))
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
