use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::Context;
use super::output::finish;
use crate::cli::{self, LintFormat};
use crate::error::{Error, Kind, Result};
use crate::store::{self, Store};
use crate::{lint, render};

pub(super) fn run(context: &Context, arguments: &cli::Lint) -> Result<ExitCode> {
    let store = context.store()?;
    let paths = files(&store, context, &arguments.paths)?;
    let read = |path: &Path| store::read(path);
    let mut report =
        lint::check_all(&paths, read, &store.config).map_err(|error| store.relocate(error))?;
    for file in &mut report.files {
        file.path = store.shown(&file.path);
    }
    let format = if context.output.is_json() {
        LintFormat::Json
    } else {
        arguments.output_format
    };
    let mut stream = context.output.stream();
    finish(match format {
        LintFormat::Full => render::full(&report, &mut stream),
        LintFormat::Concise => render::concise(&report, &mut stream),
        LintFormat::Json => render::json(&report, &mut stream),
    })?;
    Ok(ExitCode::from(u8::from(report.errors() > 0)))
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
        } else {
            files.push(path);
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}
