use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::{Context, trust_file};
use crate::cli;
use crate::error::Result;
use crate::operations::trust::{self, Candidate};
use crate::render::sanitize;

#[derive(Serialize)]
struct Outcome<'o> {
    commands: &'o [Candidate],
}

#[derive(Serialize)]
struct Revoked {
    revoked: usize,
}

pub(super) fn run(context: &Context, arguments: &cli::Trust) -> Result<ExitCode> {
    let store = context.store()?;
    let file = trust_file()?;
    if arguments.revoke {
        let revoked = trust::revoke(&store, &file, &arguments.names)?;
        context.output.print(&Revoked { revoked }, || {
            let plural = if revoked == 1 { "" } else { "s" };
            format!("{revoked} command{plural} no longer trusted\n")
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let all: Vec<_> = trust::all(&store)
        .into_iter()
        .map(|found| found.name)
        .collect();
    let names = match (arguments.list, arguments.names.as_slice()) {
        (true, []) => &all,
        (_, _) => &arguments.names,
    };
    let mut found = trust::candidates(&store, &file, names)?;
    if !arguments.list {
        trust::trust(&store, &file, &found, context.now)?;
        for candidate in &mut found {
            candidate.trusted = true;
        }
    }
    context
        .output
        .print(&Outcome { commands: &found }, || text(&found))?;
    Ok(ExitCode::SUCCESS)
}

fn text(found: &[Candidate]) -> String {
    let mut text = String::new();
    for candidate in found {
        let state = if candidate.trusted {
            "trusted"
        } else {
            "not trusted"
        };
        let name = sanitize(&candidate.external.name);
        let _ = writeln!(
            text,
            "{state:<11}  {name}: {}",
            sanitize(&candidate.command)
        );
        if let Some(resume) = &candidate.resume_command {
            let _ = writeln!(text, "             and {}", sanitize(resume));
        }
        for file in &candidate.files {
            let file = file.display().to_string();
            let _ = writeln!(text, "             with {}", sanitize(&file));
        }
    }
    text
}
