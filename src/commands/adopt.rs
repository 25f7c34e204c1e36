use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use super::{Context, output};
use crate::cli;
use crate::document::Source;
use crate::document::secrets::redact;
use crate::error::{Error, Kind, Result};
use crate::operations::adopt::{self, Adopted, Outcome, Report};
use crate::operations::counted;
use crate::render::{self, one_line, sanitize};
use crate::shell;
use crate::store::Store;

#[derive(Serialize)]
struct Answer {
    files: Vec<File>,
    /// Files that are, or would be, adopted.
    adopted: usize,
    already: usize,
    refused: usize,
    dry_run: bool,
    hint: Option<String>,
}

#[derive(Serialize)]
struct File {
    path: String,
    outcome: &'static str,
    session: Option<String>,
    report: Option<Report>,
    reason: Option<String>,
    details: Vec<String>,
    help: Option<String>,
    undo: Option<String>,
    diff: Option<String>,
}

pub(super) fn run(context: &Context, arguments: &cli::Adopt) -> Result<ExitCode> {
    let store = context.store_to_be(arguments.to.clone())?;
    let dry_run = arguments.dry_run || arguments.diff;
    let outcomes = adopt::adopt(&store, &arguments.paths, dry_run, context.now)?;
    let elsewhere = arguments.to.as_deref();
    let mut failed = None;
    let files: Vec<File> = outcomes
        .into_iter()
        .map(|(path, outcome)| match outcome {
            Outcome::Already(errors) => File::already(&path, errors),
            Outcome::Refused(error) => {
                let file = File::refused(&path, &error);
                if error.kind == Kind::Io {
                    failed.get_or_insert(error);
                }
                file
            }
            Outcome::Adopt(adopted) => {
                File::adopted(&store, &path, &adopted, arguments.diff, elsewhere)
            }
        })
        .map(|file| File {
            undo: file.undo.map(|undo| context.output.command(&undo)),
            ..file
        })
        .collect();
    let count = |outcome: &str| files.iter().filter(|file| file.outcome == outcome).count();
    let refused = count("refused");
    let adopted = files.len() - refused - count("already");
    let hint = if dry_run && adopted > 0 {
        Some(context.output.command(&command(arguments)))
    } else {
        let refused = files.iter().find(|file| file.outcome == "refused");
        let unsound = files.iter().find(|file| file.reason.is_some());
        refused
            .or(unsound)
            .map(|file| format!("agentsess lint {}", shell::word(&file.path)))
            .map(|command| context.output.command(&command))
    };
    let result = Answer {
        adopted,
        already: count("already"),
        refused,
        dry_run,
        hint,
        files,
    };
    context.output.print(&result, || text(&result))?;
    if let Some(error) = failed {
        return Err(error);
    }
    let open = refused > 0 || dry_run && adopted > 0;
    Ok(ExitCode::from(u8::from(open)))
}

/// A text of the user's without the secrets in it.
fn public(text: &str) -> String {
    redact(text).0.into_owned()
}

/// The command that does what was only shown.
fn command(arguments: &cli::Adopt) -> String {
    let mut command = "agentsess adopt".to_owned();
    for path in &arguments.paths {
        let _ = write!(command, " {}", shell::word(&path.display().to_string()));
    }
    if let Some(to) = &arguments.to {
        let _ = write!(command, " --to {}", shell::word(&to.display().to_string()));
    }
    command
}

impl File {
    fn new(path: &Path, outcome: &'static str) -> Self {
        Self {
            path: path.display().to_string(),
            outcome,
            session: None,
            report: None,
            reason: None,
            details: Vec::new(),
            help: None,
            undo: None,
            diff: None,
        }
    }

    fn already(path: &Path, errors: usize) -> Self {
        let found = format!("`agentsess lint` finds {} in it", counted(errors, "error"));
        Self {
            reason: Some(found).filter(|_| errors > 0),
            ..Self::new(path, "already")
        }
    }

    fn refused(path: &Path, error: &Error) -> Self {
        Self {
            reason: Some(public(&error.message)),
            details: error.details.iter().map(|text| public(text)).collect(),
            help: error.hint.as_deref().map(public),
            ..Self::new(path, "refused")
        }
    }

    fn adopted(
        store: &Store,
        path: &Path,
        adopted: &Adopted,
        diff: bool,
        elsewhere: Option<&Path>,
    ) -> Self {
        let plan = &adopted.plan;
        let session = store.shown(&store.path(&plan.name)).display().to_string();
        let undo = adopted.undo.as_ref().map(|words| {
            let folder = elsewhere.map(|folder| {
                format!(
                    " --sessions-dir {}",
                    shell::word(&folder.display().to_string())
                )
            });
            let words: Vec<_> = words.iter().map(|word| shell::word(word)).collect();
            format!(
                "agentsess{} {}",
                folder.unwrap_or_default(),
                words.join(" ")
            )
        });
        let outcome = if undo.is_some() {
            "adopted"
        } else {
            "to_adopt"
        };
        let path = path.display().to_string();
        let diff = diff.then(|| {
            let (old, new) = (adopted.original.clone(), plan.bytes.clone());
            let names = [Path::new(&path), Path::new(&session)];
            render::diff(names, &Source::new(old), &Source::new(new))
        });
        Self {
            path,
            outcome,
            session: Some(session),
            report: Some(plan.report.clone().map_texts(public)),
            reason: None,
            details: Vec::new(),
            help: None,
            undo,
            diff,
        }
    }

    fn line(&self) -> String {
        let path = one_line(&self.path);
        let mut line = match (self.outcome, &self.session) {
            ("already", _) => {
                let found = self.reason.as_ref().map(|found| format!(", but {found}"));
                return format!(
                    "{path}: already in the scheme{}\n",
                    found.unwrap_or_default()
                );
            }
            (_, Some(session)) => {
                let word = if self.undo.is_some() { "adopted " } else { "" };
                let told = self.report.as_ref().map(told).unwrap_or_default();
                format!("{word}{path} -> {}: {told}\n", one_line(session))
            }
            _ => {
                let reason = self.reason.as_deref().unwrap_or("");
                format!("refused {path}: {}\n", one_line(reason))
            }
        };
        for detail in &self.details {
            let _ = writeln!(line, "  {}", one_line(detail));
        }
        if let Some(help) = &self.help {
            let _ = writeln!(line, "  help: {}", one_line(help));
        }
        line
    }
}

/// What was mapped and what was kept, in one line.
fn told(report: &Report) -> String {
    let mut parts = Vec::new();
    if !report.keys.is_empty() {
        let names = report.keys.iter().map(|key| {
            let known = key.strip_prefix("session.");
            known.or(key.strip_prefix("orchestration.")).unwrap_or(key)
        });
        parts.push(format!("keys {}", list(names)));
    }
    if report.created_guessed {
        parts.push("created from the time of the file".to_owned());
    }
    if !report.sections.is_empty() {
        let names = report
            .sections
            .iter()
            .map(|one| format!("{} = {}", one.to, one.from));
        parts.push(format!("sections {}", list(names)));
    }
    match report.entries {
        0 => {}
        1 => parts.push("1 log entry".to_owned()),
        count => parts.push(format!("{count} log entries")),
    }
    if let Some(first) = report.not_understood.first() {
        let count = counted(report.not_understood.len(), "line");
        parts.push(format!(
            "{count} with a time not understood, from line {first} on"
        ));
    }
    match report.broken_links {
        0 => {}
        1 => parts.push("1 relative link points elsewhere now".to_owned()),
        count => parts.push(format!("{count} relative links point elsewhere now")),
    }
    if !report.added.is_empty() {
        parts.push(format!("empty {}", list(report.added.iter())));
    }
    if !report.kept.is_empty() {
        parts.push(format!("kept {}", list(report.kept.iter())));
    }
    if parts.is_empty() {
        parts.push("only the name".to_owned());
    }
    parts.join("; ")
}

fn list(names: impl Iterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<_> = names
        .map(|name| one_line(name.as_ref()).into_owned())
        .collect();
    names.join(", ")
}

fn text(result: &Answer) -> String {
    let mut text = String::new();
    for file in &result.files {
        match &file.diff {
            Some(diff) => text.push_str(&sanitize(diff)),
            None => text.push_str(&file.line()),
        }
    }
    for undo in result.files.iter().filter_map(|file| file.undo.as_ref()) {
        let _ = writeln!(text, "undo: {}", sanitize(undo));
    }
    if result.files.is_empty() {
        text.push_str("nothing to adopt: no `*.md` file is there\n");
    }
    if result.dry_run {
        let _ = writeln!(
            text,
            "{} to adopt, {} already in the scheme, {} refused; nothing was changed",
            result.adopted, result.already, result.refused
        );
    }
    if let Some(hint) = &result.hint {
        text.push_str(&output::hint(hint));
    }
    text
}
