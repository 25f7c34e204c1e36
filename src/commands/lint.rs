use std::path::PathBuf;
use std::process::ExitCode;

use super::Context;
use super::report::Printer;
use crate::cli;
use crate::error::{Error, Kind, Result};
use crate::lint::{self, Settings};
use crate::store::{self, Store};

pub(super) fn run(context: &Context, arguments: &cli::Lint) -> Result<ExitCode> {
    let store = context.store()?;
    let paths = files(&store, context, &arguments.paths)?;
    let printer = Printer::new(context, &store, arguments, &paths)?;
    let settings = Settings {
        config: &store.config,
        now: context.now,
    };
    let mut report = lint::check_all(&paths, store::read, settings);
    let mut unreadable = report.unreadable.clone();
    printer.print(context, &store, &mut report)?;
    let Some(last) = unreadable.pop() else {
        let failed = report.errors() > 0 && !arguments.exit_zero;
        return Ok(ExitCode::from(u8::from(failed)));
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
