use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::{Command, ExitCode};

use serde::Serialize;

use super::output::finish;
use super::{Context, select, variable};
use crate::cli;
use crate::error::{Error, Result};
use crate::lint::{self, Project, Settings};
use crate::operations::{Written, edit, slug_of};
use crate::render::{self, sanitize};
use crate::store;

#[derive(Serialize)]
struct Outcome<'o> {
    session: &'o str,
    changed: bool,
    merged: bool,
    written: Option<&'o Written>,
    errors: usize,
    warnings: usize,
}

pub(super) fn run(context: &Context, arguments: &cli::Edit) -> Result<ExitCode> {
    let store = context.store()?;
    let name = select(&store, arguments.target.selector())?;
    let editor = editor()?;
    let editing = edit::open(&store, &name)?;
    if let Err(error) = run_editor(&name, &editor, &editing.draft.path) {
        return Err(edit::give_up(&store, editing, error));
    }
    let edited = edit::save(&store, editing, context.now)?;

    let project = Project::new(&store);
    let settings = Settings {
        project: Some(&project),
        ..Settings::new(&store.config, context.now)
    };
    let mut report = lint::check_all(&[store.path(&name)], store::read, settings);
    for file in &mut report.files {
        file.path = store.shown(&file.path);
    }
    let outcome = Outcome {
        session: &name,
        changed: edited.written.is_some(),
        merged: edited.merged,
        written: edited.written.as_ref(),
        errors: report.errors(),
        warnings: report.warnings(),
    };
    if context.output.is_json() {
        context.output.print(&outcome, String::new)?;
    } else {
        match &edited.written {
            Some(written) => context.output.written("edited", written)?,
            None => context
                .output
                .aside(&format!("unchanged {}", sanitize(slug_of(&name)))),
        }
        if edited.merged {
            context
                .output
                .note("others wrote to it meanwhile; both changes are in it");
        }
        if !report.files.is_empty() {
            let mut stream = context.output.stream();
            let rendered = render::full(&report, &mut stream);
            finish(rendered.and_then(|()| stream.flush()))?;
            context.output.write(&render::summary(&report))?;
        }
    }
    Ok(ExitCode::from(u8::from(report.errors() > 0)))
}

/// The editor, chosen as git does: `VISUAL` where the terminal can show one, then `EDITOR`, then
/// `vi` if somebody sits there.
fn editor() -> Result<String> {
    let dumb = variable("TERM").is_none_or(|term| term == "dumb");
    let visual = variable("VISUAL").filter(|_| !dumb);
    let terminal = !dumb && io::stdin().is_terminal() && io::stdout().is_terminal();
    visual
        .or_else(|| variable("EDITOR"))
        .or_else(|| terminal.then(|| "vi".to_owned()))
        .ok_or_else(|| {
            Error::usage(
                "there is no terminal for an editor, and EDITOR is not set; \
                 `log -` fills sections without one",
            )
            .hint("agentsess help log")
        })
}

/// Runs the editor, whose words a shell takes apart: it may come with options.
fn run_editor(name: &str, editor: &str, path: &Path) -> Result<()> {
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$@\""), editor])
        .arg(path)
        .status()
        .map_err(|error| Error::io("start the editor", Path::new(editor), &error))?;
    if status.success() {
        return Ok(());
    }
    let how = match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    };
    Err(Error::usage(format!(
        "the editor `{editor}` failed ({how}); the session is unchanged"
    ))
    .hint(format!("EDITOR=vi agentsess edit {}", slug_of(name))))
}
