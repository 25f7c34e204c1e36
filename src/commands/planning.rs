use std::path::Path;
use std::process::ExitCode;

use anstyle::Style;
use serde::Serialize;

use super::{Context, output};
use crate::cli;
use crate::error::{Error, Result};
use crate::operations::planning::{self, Row};
use crate::render::one_line;

#[derive(Serialize)]
struct Planning<'r> {
    sessions: &'r [Row],
    skipped: Vec<Skipped<'r>>,
}

#[derive(Serialize)]
struct Skipped<'e> {
    path: Option<String>,
    reason: &'e str,
}

/// `list --planning`.
pub(super) fn list(context: &Context, arguments: &cli::List) -> Result<ExitCode> {
    let store = context.store()?;
    let listing = planning::list(&store, arguments.seed.as_deref())?;
    let shown = if arguments.latest { 1 } else { usize::MAX };
    let rows = listing.rows.get(..shown).unwrap_or(&listing.rows);
    let path = |error: &Error| Some(error.location.as_ref()?.path.display().to_string());
    let skipped = listing.skipped.iter().map(|error| Skipped {
        path: path(error),
        reason: &error.message,
    });
    let planning = Planning {
        sessions: rows,
        skipped: skipped.collect(),
    };
    context.output.print(&planning, || {
        if rows.is_empty() {
            return "0 planning sessions".to_owned();
        }
        let rows = rows.iter().map(|row| (Style::new(), cells(row)));
        output::columns(&rows.collect::<Vec<_>>())
    })?;
    for error in &listing.skipped {
        context.output.warning(&format!("{error}; left out"));
    }
    Ok(ExitCode::SUCCESS)
}

fn cells(row: &Row) -> [String; 6] {
    let plain = |text: Option<&String>| one_line(text.map_or("-", String::as_str)).into_owned();
    let path = |path: &Path| one_line(&path.display().to_string()).into_owned();
    [
        plain(Some(&row.id)),
        row.state.to_owned(),
        plain(row.seed.as_ref()),
        plain(row.title.as_ref()),
        plain(row.updated.as_ref()),
        row.path.as_deref().map_or("record".to_owned(), path),
    ]
}
