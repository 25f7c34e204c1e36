use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use super::{Context, output};
use crate::cli::{self, TemplateAction};
use crate::error::Result;
use crate::operations::template::{self, Checked, Listed, Variable};
use crate::render::{one_line, sanitize};
use crate::store::Store;

#[derive(Serialize)]
struct List {
    templates: Vec<Listed>,
}

#[derive(Serialize)]
struct Shown<'t> {
    name: &'t str,
    description: &'t str,
    path: Option<&'t PathBuf>,
    variables: &'t [Variable],
    text: &'t str,
}

pub(super) fn run(context: &Context, arguments: &cli::Template) -> Result<ExitCode> {
    let store = context.store()?;
    match &arguments.action {
        TemplateAction::List => list(context, &store),
        TemplateAction::Show { name } => show(context, &store, name),
        TemplateAction::Check { name } => check(context, &store, name.as_deref()),
    }
}

fn list(context: &Context, store: &Store) -> Result<ExitCode> {
    let list = List {
        templates: template::list(store)?,
    };
    context.output.print(&list, || {
        let names = list.templates.iter().map(|row| row.name.chars().count());
        let width = names.max().unwrap_or(0);
        let rows = list.templates.iter();
        rows.fold(String::new(), |text, row| text + &line(row, width) + "\n")
    })?;
    Ok(ExitCode::SUCCESS)
}

fn line(row: &Listed, width: usize) -> String {
    let about = match &row.error {
        Some(error) => one_line(error),
        None => one_line(&row.description),
    };
    let place = row.path.as_ref().map(|path| {
        let path = path.display().to_string();
        let instead = if row.shadows_built_in {
            ", in place of the built-in one"
        } else {
            ""
        };
        format!("({}{instead})", one_line(&path))
    });
    let mut line = format!("{:width$} ", one_line(&row.name));
    let place = place.filter(|_| row.error.is_none()).unwrap_or_default();
    let broken = row.error.as_ref().map_or("", |_| "broken:");
    for part in [broken, &about, &place] {
        if !part.is_empty() {
            let _ = write!(line, " {part}");
        }
    }
    line
}

fn show(context: &Context, store: &Store, name: &str) -> Result<ExitCode> {
    let template = template::find(store, Some(name))?;
    if !context.output.is_json() {
        context.output.raw(template.text.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let shown = Shown {
        name: &template.name,
        description: &template.description,
        path: template.path.as_ref(),
        variables: &template.variables,
        text: &template.text,
    };
    context.output.print(&shown, String::new)?;
    Ok(ExitCode::SUCCESS)
}

fn check(context: &Context, store: &Store, name: Option<&str>) -> Result<ExitCode> {
    let checked = template::check(store, name, context.now)?;
    context.output.print(&checked, || text(&checked))?;
    if checked.is_sound() {
        return Ok(ExitCode::SUCCESS);
    }
    let first = checked
        .findings
        .iter()
        .find_map(|found| found.path.as_ref());
    if let Some(path) = first {
        let path = context.output.path(path);
        context
            .output
            .aside(output::hint(&format!("$EDITOR {path}")).trim_end());
    }
    Ok(ExitCode::from(1))
}

fn text(checked: &Checked) -> String {
    let mut text = String::new();
    for found in &checked.findings {
        if let Some(path) = &found.path {
            let _ = write!(text, "{}:", one_line(&path.display().to_string()));
        }
        if let (Some(line), Some(column)) = (found.line, found.column) {
            let _ = write!(text, "{line}:{column}:");
        }
        if !text.is_empty() && !text.ends_with('\n') {
            text.push(' ');
        }
        let _ = write!(text, "{}: {}", found.severity, sanitize(&found.message));
        if let Some(rule) = found.rule {
            let _ = write!(text, " [{rule}]");
        }
        text.push('\n');
        if let Some(help) = &found.help {
            let _ = writeln!(text, "  help: {}", sanitize(help));
        }
    }
    let count = |number: usize, noun: &str| match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    };
    let found = match checked.findings.len() {
        0 => "no problems found".to_owned(),
        number => count(number, "problem"),
    };
    let _ = writeln!(
        text,
        "Checked {}: {found}",
        count(checked.checked, "template")
    );
    text
}
