use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::report::{Printer, from_top, shown};
use super::{Context, input_bytes, settings};
use crate::cli;
use crate::config::FailOn;
use crate::error::{Error, Result};
use crate::lint::files::{Contents, Inputs, Request};
use crate::lint::{self, Project, Report, Safety, Selectors, Settings, Severity};
use crate::operations::fix;
use crate::render;
use crate::store::{Place, SettingsFile, Store};

pub(super) fn run(context: &Context, arguments: &cli::Lint) -> Result<ExitCode> {
    let cli::Lint {
        input,
        rules,
        fixes,
        ..
    } = arguments;
    refuse_json(context, arguments)?;
    let store = Store::open(&Place {
        settings: match &rules.config {
            _ if rules.isolated => SettingsFile::None,
            Some(path) => SettingsFile::Named(path.clone()),
            None => SettingsFile::Found,
        },
        ..context.place.clone()
    })?;
    let relocated = |error| store.relocate(error);
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
    let selected = lint::selected(&store.config, &asked).map_err(relocated)?;
    if rules.show_settings {
        return settings::show(context, store, &selected, fail_on, &input.exclude);
    }
    let request = Request {
        paths: &input.paths,
        staged: input.staged,
        stdin_filename: input.stdin_filename.as_deref(),
        exclude: &input.exclude,
        force_exclude: input.force_exclude,
    };
    let inputs = Inputs::resolve(&store, request).map_err(relocated)?;
    if input.show_files {
        return show_files(context, &store, &inputs);
    }
    let printer = Printer::new(context, &store, arguments, &inputs)?;
    let contents = inputs.load(&store, || input_bytes("agentsess lint PATH"));
    let contents = contents.map_err(relocated)?;
    let project = Project::new(&store);
    let settings = Settings {
        rules: &selected,
        project: Some(&project),
        whole: inputs.whole,
        ..Settings::new(&store.config, context.now)
    };
    let allowed = if fixes.unsafe_fixes {
        Safety::Unsafe
    } else {
        Safety::Safe
    };
    let mut report = lint::check_all(&inputs.paths, |path| contents.read(path), settings);
    let mut errors = Vec::new();
    let failed = if fixes.diff {
        let mut changes = fix::preview(&report, settings, allowed).peekable();
        let failed = changes.peek().is_some();
        for (file, after) in changes {
            let path = from_top(&store, &file.path);
            let sides = [Path::new("a").join(&path), Path::new("b").join(&path)];
            let diff = render::diff(sides.each_ref().map(PathBuf::as_path), &file.source, &after);
            context.output.write(&diff)?;
        }
        context.output.aside(&render::summary(&report));
        failed
    } else {
        if fixes.fix && inputs.are_standard_input() {
            fix::apply_to_text(&mut report, settings, allowed);
            print_text(context, &inputs, &contents, &report)?;
        } else if fixes.fix {
            errors = fix::apply(&store, &mut report, settings, allowed);
        }
        printer.print(context, &store, &mut report)?;
        if fixes.show_fixes {
            context.output.aside(render::fixes(&report).trim_end());
        }
        fails(&report, fail_on)
    };
    if let Some(reason) = inputs.nothing() {
        context.output.note(reason);
    } else if selected.is_empty() {
        context.output.note("no rule is on");
    }
    errors.append(&mut report.unreadable);
    let mut errors = errors.into_iter().map(relocated);
    let Some(mut last) = errors.next_back() else {
        return Ok(ExitCode::from(u8::from(failed && !arguments.exit_zero)));
    };
    for error in errors {
        // In JSON it is one object.
        if context.output.is_json() {
            last.details.push(error.to_string());
        } else {
            context.output.error(&error);
        }
    }
    Err(last)
}

/// `--json` is an option of every command, so that the parser does not know what it contradicts.
fn refuse_json(context: &Context, arguments: &cli::Lint) -> Result<()> {
    let other = match arguments.output_format {
        _ if arguments.fixes.diff => "--diff",
        None | Some(cli::LintFormat::Json) => return Ok(()),
        Some(_) => "--output-format",
    };
    if !context.output.is_json() {
        return Ok(());
    }
    let message = format!("the argument '{other}' cannot be used with '--json'");
    Err(Error::usage(message).hint("agentsess help lint"))
}

fn fails(report: &Report, from: FailOn) -> bool {
    let least = match from {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
    };
    let mut findings = report.findings();
    findings.any(|(_, finding)| finding.severity >= least)
}

/// Prints what standard input has become, as a filter does.
fn print_text(
    context: &Context,
    inputs: &Inputs,
    contents: &Contents,
    report: &Report,
) -> Result<()> {
    if let Some(file) = report.files.first() {
        context.output.raw(file.source.bytes())?;
    } else if let Some(path) = inputs.paths.first() {
        context.output.raw(&contents.read(path)?)?;
    }
    Ok(())
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
