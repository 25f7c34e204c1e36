use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::output::finish;
use super::{Context, input_bytes};
use crate::cli::{self, LintFormat};
use crate::error::Result;
use crate::lint::files::{Inputs, Request};
use crate::lint::{self, Settings, Severity};
use crate::render;
use crate::store::Store;

pub(super) fn run(context: &Context, arguments: &cli::Lint) -> Result<ExitCode> {
    let store = context.store()?;
    let input = &arguments.input;
    let inputs = Inputs::resolve(
        &store,
        Request {
            paths: &input.paths,
            staged: input.staged,
            stdin_filename: input.stdin_filename.as_deref(),
            exclude: &input.exclude,
            force_exclude: input.force_exclude,
        },
    );
    let inputs = inputs.map_err(|error| store.relocate(error))?;
    if input.show_files {
        return show_files(context, &store, &inputs);
    }
    let contents = inputs.load(&store, || input_bytes("agentsess lint PATH"));
    let contents = contents.map_err(|error| store.relocate(error))?;
    let settings = Settings {
        config: &store.config,
        now: context.now,
    };
    let mut report = lint::check_all(&inputs.paths, |path| contents.read(path), settings);
    for file in &mut report.files {
        file.path = shown(&store, &file.path);
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
    if let Some(reason) = inputs.nothing() {
        context.output.note(reason);
    }
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

fn show_files(context: &Context, store: &Store, inputs: &Inputs) -> Result<ExitCode> {
    #[derive(Serialize)]
    struct Files {
        files: Vec<String>,
    }
    let files = inputs.paths.iter().map(|path| shown(store, path));
    let files = files.map(|path| path.to_string_lossy().into_owned());
    let files = Files {
        files: files.collect(),
    };
    context.output.print(&files, || {
        let line = |path: &String| render::one_line(path).into_owned() + "\n";
        files.files.iter().map(line).collect()
    })?;
    if let Some(reason) = inputs.nothing() {
        context.output.note(reason);
    }
    Ok(ExitCode::SUCCESS)
}

/// How a file is called in what is printed.
fn shown(store: &Store, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() {
        return "-".into();
    }
    store.shown(path)
}
