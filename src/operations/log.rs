//! Appends an entry to a session's log and, in the same write, brings the rest up to date.

use std::collections::BTreeSet;
use std::path::Path;

use super::Written;
use super::blocks::Blocks;
use super::done::Ticks;
use super::new::task_list;
use super::pause::set_status;
use super::runs::refuse_running;
use super::steps::Steps;
use super::write::{Entry, Revision, write};
use crate::document::schema::{CURRENT_STATE, FILES_MODIFIED, NEXT_STEPS};
use crate::document::secrets;
use crate::document::time::Timestamp;
use crate::document::{
    Document, Edit, Scalar, Status, insert, is_placeholder, is_token, item_words, named_path,
};
use crate::error::{Error, Result};
use crate::store::Store;

/// What to write.
#[derive(Debug, Default)]
pub struct Request<'r> {
    /// The entry. Without it the entry says what else was brought up to date.
    pub message: Option<&'r str>,
    /// Markdown with leading text (the entry) and `##` blocks.
    pub input: Option<&'r str>,
    /// Who.
    pub agent: &'r str,
    /// Did what.
    pub action: &'r str,
    /// The new Current State.
    pub state: Option<&'r str>,
    /// The new Next Steps.
    pub next: &'r [String],
    /// Let no open step stay that is not among the new ones.
    pub replace: bool,
    /// The new current task.
    pub current: Option<&'r str>,
    /// The new status.
    pub status: Option<Status>,
    /// The run as which somebody calls, which may be running when the session is completed.
    pub run: Option<&'r str>,
    /// Items to tick, by id or text.
    pub done: &'r [String],
    /// Paths for Files Modified.
    pub files: &'r [String],
    /// Write secrets as they are.
    pub allow_secret: bool,
}

/// Writes the entry.
///
/// # Errors
///
/// When there is nothing to write, the session is completed, an item is not found, or the file
/// cannot be edited or written.
pub fn log(store: &Store, name: &str, request: &Request, now: Timestamp) -> Result<Written> {
    let mut input = Blocks::parse(request.input.unwrap_or(""), false)?;
    check_token("agent", request.agent)?;
    check_token("action", request.action)?;
    refuse_losses(request, &input)?;
    if request.status == Some(Status::Completed) {
        refuse_running(store, name, request.run)?;
    }
    let parts = [request.message.unwrap_or("").trim(), &input.lead];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let message = match parts.as_slice() {
        [] => summary(request, &input),
        parts => parts.join("\n\n"),
    };
    if message.is_empty() {
        return Err(Error::usage("there is nothing to log").hint("agentsess help log"));
    }
    let block = input.take(NEXT_STEPS);
    let content = Content {
        request,
        steps: block.or_else(|| (!request.next.is_empty()).then(|| task_list(request.next))),
        input,
        message,
    };
    let mut outcome = (Vec::new(), None);
    let written = write(store, name, request.allow_secret, now, |revision| {
        let (bytes, kept_steps, current_task) = revise(revision, &content)?;
        outcome = (kept_steps, current_task);
        Ok(Some(bytes))
    })?;
    let (kept_steps, current_task) = outcome;
    Ok(Written {
        kept_steps,
        current_task,
        ..written
    })
}

/// Refuses what cannot stand in the heading of an entry.
pub(super) fn check_token(what: &str, token: &str) -> Result<()> {
    if let Some(secret) = secrets::find(token).next() {
        return Err(Error::usage(format!(
            "what is given as the {what} is a secret ({}), and would be written down",
            secret.kind
        ))
        .hint("agentsess help log"));
    }
    if is_token(token) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "`{token}` cannot name an {what} in the log; only letters, digits and `._-` can"
    ))
    .hint("agentsess help log"))
}

/// Refuses a request of which a part would be lost or would wipe out what is there.
fn refuse_losses(request: &Request, input: &Blocks) -> Result<()> {
    if let Some(state) = request.state {
        input.exclude("--state", CURRENT_STATE)?;
        if state.trim() == "-" {
            return Err(Error::usage("`--state` does not read standard input")
                .hint("printf '## Current State\\n…' | agentsess log -"));
        }
    }
    if !request.next.is_empty() {
        input.exclude("--next", NEXT_STEPS)?;
    }
    let given = [("--state", request.state), ("--current", request.current)];
    let given = given.map(|(option, text)| (option, text.map(str::to_owned)));
    let next = request.next.iter();
    let next = next.map(|item| ("--next", Some(item_words(item))));
    for (option, text) in given.into_iter().chain(next) {
        let Some(text) = &text else { continue };
        let wrong = match is_placeholder(text) {
            Some(words) => format!("`{option}` has the placeholder `{words}`"),
            None if text.trim().is_empty() => format!("`{option}` is empty"),
            None => continue,
        };
        let error = Error::usage(format!("{wrong}; nothing was changed"));
        return Err(error.hint("agentsess help log"));
    }
    if let Some((section, words)) = input.placeholder() {
        let wrong = format!("the block for `{section}` has only the placeholder `{words}`");
        let error = Error::usage(format!("{wrong}; nothing was changed"));
        return Err(error.hint("agentsess help log"));
    }
    Ok(())
}

/// What is to be written, taken apart.
struct Content<'c> {
    request: &'c Request<'c>,
    /// The new Next Steps, if there are any.
    steps: Option<String>,
    /// What else the input has.
    input: Blocks,
    message: String,
}

/// The bytes, the steps that stay, and the current task where it moved on.
fn revise(
    revision: &Revision,
    content: &Content,
) -> Result<(Vec<u8>, Vec<String>, Option<String>)> {
    let Content {
        request,
        steps,
        input,
        message,
    } = content;
    let files = new_files(revision.store, revision.document, request.files)?;
    let current = request.current.map(insert::line);
    let ticks = Ticks::find(revision, request.done)?;
    let steps = steps.as_deref();
    let steps = steps.map(|given| Steps::new(revision, given, &ticks, request.replace));
    // Items first: their indexes hold only as long as no list has grown.
    let mut edits = ticks.edits();
    if let Some(text) = request.state {
        let section = CURRENT_STATE;
        edits.push(Edit::Replace { section, text });
    }
    if let Some(Steps { text, .. }) = &steps {
        let section = NEXT_STEPS;
        edits.push(Edit::Replace { section, text });
    }
    if !files.is_empty() {
        let section = FILES_MODIFIED;
        edits.push(Edit::Append {
            section,
            text: &files,
        });
    }
    edits.extend(input.edits());
    if let Some(current) = &current {
        edits.push(Edit::Set {
            path: &["orchestration", "current_task"],
            value: Scalar::Text(current),
        });
    }
    edits.extend(request.status.map(set_status));
    let entry = Entry {
        agent: request.agent,
        action: request.action,
        text: message,
        is_work: true,
    };
    let mut bytes = revision.apply(edits, Some(entry))?;
    let moved = match current {
        Some(_) => None,
        None => ticks.move_on(revision, &mut bytes)?,
    };
    Ok((bytes, steps.map_or(Vec::new(), |steps| steps.kept), moved))
}

/// What the entry says when the caller did not.
fn summary(request: &Request, input: &Blocks) -> String {
    let mut parts = Vec::new();
    if !request.done.is_empty() {
        let done: Vec<_> = request.done.iter().map(|item| insert::line(item)).collect();
        parts.push(format!("Done: {}.", done.join("; ")));
    }
    let mut sections = BTreeSet::new();
    sections.extend(request.state.map(|_| CURRENT_STATE));
    sections.extend((!request.next.is_empty()).then_some(NEXT_STEPS));
    sections.extend((!request.files.is_empty()).then_some(FILES_MODIFIED));
    sections.extend(input.names());
    if !sections.is_empty() {
        let sections: Vec<_> = sections.into_iter().collect();
        parts.push(format!("Updated {}.", sections.join(", ")));
    }
    if let Some(current) = request.current {
        parts.push(format!("Now: {}.", insert::line(current)));
    }
    if let Some(status) = request.status {
        parts.push(format!("Status: {}.", status.as_str()));
    }
    parts.join(" ")
}

/// The paths that Files Modified does not list yet, relative to the root, as list items.
fn new_files(store: &Store, document: &Document, files: &[String]) -> Result<String> {
    let mut known: BTreeSet<String> = document
        .body
        .items_in(FILES_MODIFIED)
        .map(|(_, item)| named_path(item.text.of(document.text)).to_owned())
        .collect();
    let mut lines = Vec::new();
    for file in files {
        let path = store.from_root(Path::new(file))?.display().to_string();
        if path.contains(['`', '\n', '\r']) || path.is_empty() {
            return Err(Error::usage(format!("`{file}` cannot be listed as a path"))
                .hint("agentsess help log"));
        }
        if known.insert(path.clone()) {
            lines.push(format!("- `{path}`"));
        }
    }
    Ok(lines.join("\n"))
}
