//! The gate as a list on a terminal, gone through with the arrow keys.

use std::io;
use std::process::ExitCode;

use dialoguer::console::Term;
use dialoguer::{Input, Select};

use super::line;
use crate::commands::{Context, prompt};
use crate::error::{Error, Result};
use crate::operations::close::{self, Check, Gate, Item, Request, Verdict};
use crate::operations::{slug_of, trust};
use crate::render::sanitize;
use crate::store::Store;

/// What can be done about an item.
enum Action {
    Confirm,
    Waive,
    WriteAdrs,
    WriteLessons,
    FileWith(String),
    FileInto,
    Filed(usize),
    Refile(usize),
    TakeBack,
}

/// Goes through the gate until it is met and to be closed, or left. Returns the gate as it then is,
/// and whether to close.
pub(super) fn go_through(
    context: &Context,
    store: &Store,
    mut gate: Gate,
    request: &mut Request,
) -> Result<(Gate, bool)> {
    request.in_person = true;
    let terminal = prompt::terminal();
    let mut at = gate.checks.iter().position(|check| !check.verdict.is_met());
    loop {
        let slug = sanitize(slug_of(&gate.session)).into_owned();
        let lines = gate.checks.iter().map(|check| cut(&terminal, &line(check)));
        let mut entries: Vec<String> = lines.collect();
        let end = entries.len();
        if gate.is_met() {
            entries.push(format!("close {slug}"));
        }
        entries.push("leave it as it is".to_owned());
        let start = at.unwrap_or(end);
        let chosen = choose(&terminal, &format!("Close {slug}"), &entries, start)?;
        let Some(check) = chosen.and_then(|chosen| gate.checks.get(chosen)) else {
            return Ok((gate, chosen == Some(end) && entries.len() == end + 2));
        };
        let before = request.clone();
        if !answer(&terminal, store, &gate, check, request)? {
            at = chosen;
            continue;
        }
        match close::check(store, &gate.session, request, context.now) {
            Ok(new) => {
                gate = new;
                at = gate.checks.iter().position(|check| !check.verdict.is_met());
            }
            Err(error) => {
                // The reason is said, and the list is there again.
                let _: ExitCode = context.output.error(&error);
                *request = before;
                at = chosen;
            }
        }
    }
}

/// Asks what to do about an item. Returns whether the request has changed.
fn answer(
    terminal: &Term,
    store: &Store,
    gate: &Gate,
    check: &Check,
    request: &mut Request,
) -> Result<bool> {
    let item = check.item;
    for detail in &check.details {
        let _ = terminal.write_line(&cut(terminal, &format!("  - {}", sanitize(detail))));
    }
    let (labels, mut actions): (Vec<_>, Vec<_>) =
        actions(store, gate, check, request).into_iter().unzip();
    let mut entries: Vec<_> = labels
        .iter()
        .map(|label| cut(terminal, &sanitize(label)))
        .collect();
    entries.push("back".to_owned());
    let title = item.title();
    let Some(chosen) = choose(terminal, title, &entries, 0)?.filter(|at| *at < actions.len())
    else {
        return Ok(false);
    };
    let id = item.id().to_owned();
    match actions.swap_remove(chosen) {
        Action::Confirm => request.confirmed.push(id),
        Action::Waive => match ask(terminal, "Why does it not matter")? {
            Some(reason) => request.waived.push((id, reason)),
            None => return Ok(false),
        },
        Action::WriteAdrs => request.write_adrs = true,
        Action::WriteLessons => request.write_lessons = true,
        Action::FileWith(sink) => request.file_remaining = Some(sink),
        Action::FileInto => match ask(terminal, "Which file, ending in .md or .json")? {
            Some(file) => request.file_remaining = Some(file),
            None => return Ok(false),
        },
        Action::Filed(number) => match ask(terminal, "Under which id")? {
            Some(id) => request.filed.push((number.to_string(), id)),
            None => return Ok(false),
        },
        Action::Refile(number) => request.refile.push(number.to_string()),
        Action::TakeBack => {
            request.confirmed.retain(|confirmed| *confirmed != id);
            request.waived.retain(|(waived, _)| *waived != id);
            match item {
                Item::Decisions => request.write_adrs = false,
                Item::Lessons => request.write_lessons = false,
                Item::Remaining => request.file_remaining = None,
                _ => {}
            }
        }
    }
    Ok(true)
}

fn actions(store: &Store, gate: &Gate, check: &Check, request: &Request) -> Vec<(String, Action)> {
    let mut actions = Vec::new();
    let mut add = |label: &str, action| actions.push((label.to_owned(), action));
    let open = !check.verdict.is_met();
    let stopped = if check.item == Item::Remaining {
        gate.stopped()
    } else {
        &[]
    };
    match check.item {
        Item::Decisions if open && check.remedy.is_some() && !request.write_adrs => {
            add("write the records", Action::WriteAdrs);
        }
        Item::Lessons if open && check.remedy.is_some() => {
            add("add them to the document", Action::WriteLessons);
        }
        Item::Remaining if open && stopped.is_empty() && request.file_remaining.is_none() => {
            for external in trust::commands(store) {
                if external.name != trust::ISSUE_COMMAND {
                    let label = format!("file it with {}", external.name);
                    add(&label, Action::FileWith(external.name));
                }
            }
            add("file it in a file of the project", Action::FileInto);
        }
        _ => {}
    }
    for (number, title) in stopped {
        add(
            &format!("`{title}` was filed: say its id"),
            Action::Filed(*number),
        );
        add(&format!("`{title}` was not filed"), Action::Refile(*number));
    }
    match check.verdict {
        Verdict::Asked => {
            add("confirm", Action::Confirm);
            add("waive, with a reason", Action::Waive);
        }
        Verdict::Unmet => add("waive, with a reason", Action::Waive),
        Verdict::Confirmed | Verdict::Waived | Verdict::Planned => {
            add("take it back", Action::TakeBack);
        }
        Verdict::Proven | Verdict::NotApplicable => {}
    }
    actions
}

/// The chosen entry; `None` for the escape key.
fn choose(terminal: &Term, prompt: &str, entries: &[String], at: usize) -> Result<Option<usize>> {
    let select = Select::new().with_prompt(prompt).items(entries).default(at);
    let chosen = select.report(false).interact_on_opt(terminal);
    chosen.map_err(failed)
}

/// A line of text; `None` if it is empty.
fn ask(terminal: &Term, prompt: &str) -> Result<Option<String>> {
    let input = Input::<String>::new().with_prompt(prompt).allow_empty(true);
    let text = input.interact_text_on(terminal);
    let text = text.map_err(failed)?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

fn failed(error: dialoguer::Error) -> Error {
    let dialoguer::Error::IO(error) = error;
    let message = match error.kind() {
        io::ErrorKind::Interrupted => "interrupted; nothing was changed".to_owned(),
        _ => format!("cannot ask on this terminal: {error}; nothing was changed"),
    };
    Error::usage(message)
}

/// As much of a line as fits, because what wraps cannot be redrawn.
fn cut(terminal: &Term, line: &str) -> String {
    let width = usize::from(terminal.size().1).saturating_sub(4).max(20);
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars().take(width - 1).chain(['…']).collect()
}
