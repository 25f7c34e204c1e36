use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::{Context, author, output};
use crate::cli;
use crate::error::Result;
use crate::operations::planning::Left;
use crate::operations::restore::{self, Origin};
use crate::render::sanitize;

#[derive(Serialize)]
struct Restored {
    session: String,
    path: String,
    from: Origin,
    record: Option<String>,
    left: Option<Left>,
}

#[derive(Serialize)]
struct Trash {
    sessions: Vec<Trashed>,
}

#[derive(Serialize)]
struct Trashed {
    session: String,
    /// What brings it back.
    name: String,
    removed_at: String,
    path: String,
}

pub(super) fn run(context: &Context, arguments: &cli::Restore) -> Result<ExitCode> {
    let store = context.store()?;
    let Some(name) = &arguments.name else {
        let trashed = store.trashed().into_iter().map(|trashed| Trashed {
            name: restore::call(&store, &trashed),
            session: trashed.entry.name,
            removed_at: trashed.entry.removed_at,
            path: store.shown(&trashed.path).display().to_string(),
        });
        let trash = Trash {
            sessions: trashed.collect(),
        };
        context
            .output
            .print(&trash, || match trash.sessions.as_slice() {
                [] => "nothing to restore".to_owned(),
                sessions => sessions.iter().fold(String::new(), |mut text, one| {
                    let (at, name) = (sanitize(&one.removed_at), sanitize(&one.name));
                    let _ = writeln!(text, "{at} {name}");
                    text
                }),
            })?;
        return Ok(ExitCode::SUCCESS);
    };
    let agent = author(&arguments.author);
    let restored = restore::restore(&store, name, &agent, context.now)?;
    let restored = Restored {
        session: restored.session,
        path: restored.path.display().to_string(),
        from: restored.from,
        record: restored.record.map(|path| path.display().to_string()),
        left: restored.left,
    };
    context.output.print(&restored, || {
        let done = match restored.from {
            Origin::Trash => "restored",
            Origin::Record => "restored from its record:",
            Origin::Open => "back to",
        };
        let mut text = format!("{done} {}", sanitize(&restored.path));
        if let Some(left) = &restored.left {
            let _ = write!(text, "\n{}", output::left(left));
        }
        text
    })?;
    Ok(ExitCode::SUCCESS)
}
