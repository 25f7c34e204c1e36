use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::Context;
use crate::cli;
use crate::error::Result;
use crate::operations::restore;
use crate::render::sanitize;

#[derive(Serialize)]
struct Restored {
    session: String,
    path: String,
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
    let restored = restore::restore(&store, name)?;
    let restored = Restored {
        session: restored.session,
        path: restored.path.display().to_string(),
    };
    context.output.print(&restored, || {
        format!("restored {}", sanitize(&restored.path))
    })?;
    Ok(ExitCode::SUCCESS)
}
