//! Appends an entry to a session's log and, in the same write, brings the rest up to date.

use chrono::TimeDelta;
use std::collections::BTreeSet;
use std::path::Path;

use super::blocks::Blocks;
use super::new::{record_state, task_list};
use super::set::reopen;
use super::{Guard, Written, apply, slug_of, updated};
use crate::document::schema::{CURRENT_STATE, FILES_MODIFIED, NEXT_STEPS};
use crate::document::time::Timestamp;
use crate::document::{
    Document, Edit, Scalar, Source, Status, insert, is_token, issue_id, named_path,
};
use crate::error::{Error, Kind, Result};
use crate::store::Store;

/// How far the last entry may lie ahead of the clock and still be followed in order. Covers the
/// wait for the lock and clocks of machines that differ; an entry further ahead is wrong, and
/// following it would spread the mistake.
const SKEW: TimeDelta = TimeDelta::minutes(10);

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
    /// The new current task.
    pub current: Option<&'r str>,
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
    let input = Blocks::parse(request.input.unwrap_or(""), false)?;
    for (what, token) in [("agent", request.agent), ("action", request.action)] {
        if !is_token(token) {
            return Err(Error::usage(format!(
                "`{token}` cannot name an {what} in the log; only letters, digits and `._-` can"
            ))
            .hint(format!("agentsess log \"What happened\" --{what} review")));
        }
    }
    refuse_losses(request, &input)?;
    let parts = [request.message.unwrap_or("").trim(), &input.lead];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let message = match parts.as_slice() {
        [] => summary(request, &input),
        parts => parts.join("\n\n"),
    };
    if message.is_empty() {
        return Err(Error::usage("there is nothing to log").hint("agentsess log \"What happened\""));
    }
    let content = Content {
        request,
        input: &input,
        message: &message,
    };
    let lock = store.lock()?;
    let written = store.update(&lock, name, |source| {
        let document = Document::parse(source);
        let guard = Guard::new(request.allow_secret);
        if document.frontmatter.status() == Some(Status::Completed) {
            return Err(
                Error::usage("the session is completed and takes no more entries")
                    .at(&store.shown(&store.path(name)), None)
                    .hint(reopen(name)),
            );
        }
        let bytes = revise(store, name, &document, &content, &guard, now)?;
        let after = Source::new(bytes);
        let written = Written::new(name, now, &document, &Document::parse(&after), &guard);
        Ok((Some(after.into_bytes()), written))
    });
    written.map_err(|error| match error.kind {
        Kind::NotFound => Error::new(Kind::NotFound, format!("`{}` is closed", slug_of(name)))
            .hint(format!("agentsess restore {}", slug_of(name))),
        _ => error,
    })
}

/// Refuses a request of which a part would be lost or would wipe out what is there.
fn refuse_losses(request: &Request, input: &Blocks) -> Result<()> {
    let empty = |option: &str| {
        Err(
            Error::usage(format!("`{option}` is empty; nothing was changed"))
                .hint("agentsess help log"),
        )
    };
    if let Some(state) = request.state {
        input.exclude("--state", CURRENT_STATE)?;
        if state.trim() == "-" {
            return Err(Error::usage("`--state` does not read standard input")
                .hint("printf '## Current State\\n…' | agentsess log -"));
        }
        if state.trim().is_empty() {
            return empty("--state");
        }
    }
    if !request.next.is_empty() {
        input.exclude("--next", NEXT_STEPS)?;
    }
    if request.next.iter().any(|item| item.trim().is_empty()) {
        return empty("--next");
    }
    if request
        .current
        .is_some_and(|current| current.trim().is_empty())
    {
        return empty("--current");
    }
    Ok(())
}

/// What is to be written, taken apart.
struct Content<'c> {
    request: &'c Request<'c>,
    input: &'c Blocks,
    message: &'c str,
}

fn revise(
    store: &Store,
    name: &str,
    document: &Document,
    content: &Content,
    guard: &Guard,
    now: Timestamp,
) -> Result<Vec<u8>> {
    let Content {
        request,
        input,
        message,
    } = *content;
    let files = new_files(store, document, request.files)?;
    let steps = task_list(request.next);
    let current = request.current.map(insert::line);
    let updated = updated(document, now);
    let mut edits = Vec::new();
    // Items first: their indexes hold only as long as no list has grown.
    for done in request.done {
        let item = find_item(store, name, document, done)?;
        edits.push(Edit::Check { item, done: true });
    }
    if let Some(text) = request.state {
        let section = CURRENT_STATE;
        edits.push(Edit::Replace { section, text });
    }
    if !request.next.is_empty() {
        let section = NEXT_STEPS;
        edits.push(Edit::Replace {
            section,
            text: &steps,
        });
    }
    if !files.is_empty() {
        let section = FILES_MODIFIED;
        edits.push(Edit::Append {
            section,
            text: &files,
        });
    }
    edits.extend(input.edits());
    edits.push(Edit::Log {
        at: entry_time(document, now),
        agent: request.agent,
        action: request.action,
        text: message,
    });
    if let Some(current) = &current {
        edits.push(Edit::Set {
            path: &["orchestration", "current_task"],
            value: Scalar::Text(current),
        });
    }
    edits.push(Edit::Set {
        path: &["session", "last_updated"],
        value: Scalar::Text(&updated),
    });
    let bytes = apply(store, name, document, &edits, guard)?;
    let written = request.state.is_some() || input.touches(CURRENT_STATE);
    record_state(store, name, bytes, written, now)
}

/// The minute of the new entry: now, but not before the last entry.
fn entry_time(document: &Document, now: Timestamp) -> Timestamp {
    let last = document.body.log(document.text);
    let last = last.last().and_then(|entry| entry.stamp);
    match last {
        Some(last) if last.at > now && last.at - now <= SKEW => last.at,
        _ => now,
    }
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

/// The item that `wanted` names, by its id, its text, or a part of its text that no other open
/// item has.
fn find_item(store: &Store, name: &str, document: &Document, wanted: &str) -> Result<usize> {
    let boxes: Vec<_> = document
        .boxes()
        .map(|(index, item, done)| (index, done, item.text.of(document.text)))
        .collect();
    let wanted = wanted.trim();
    let id = |text: &str| {
        let id = issue_id(text, |token| store.config.items.is_id(token));
        id.or_else(|| text.split_once(" - ").map(|(id, _)| id.trim()))
            .map(str::to_owned)
    };
    let lower = wanted.to_lowercase();
    let exact = |text: &str| text == wanted || id(text).as_deref() == Some(wanted);
    let part = |text: &str| !lower.is_empty() && text.to_lowercase().contains(&lower);
    let mut found: Vec<_> = boxes.iter().filter(|(_, _, text)| exact(text)).collect();
    // A part of the text means an open item; if there is none, one that is ticked already.
    for ticked in [false, true] {
        if found.is_empty() {
            let boxes = boxes.iter();
            found = boxes
                .filter(|(_, done, text)| *done == ticked && part(text))
                .collect();
        }
    }
    let at = store.shown(&store.path(name));
    let describe = |(_, done, text): &(usize, bool, &str)| {
        format!("[{}] {text}", if *done { 'x' } else { ' ' })
    };
    match found.as_slice() {
        [only] => Ok(only.0),
        [] => {
            let mut error = Error::usage(format!("no item with a checkbox matches `{wanted}`"))
                .at(&at, None)
                .hint(format!("agentsess show {}", slug_of(name)));
            let open = boxes.iter().filter(|(_, done, _)| !done);
            error.details = open.map(describe).collect();
            Err(error)
        }
        several => {
            let mut error = Error::usage(format!("`{wanted}` fits {} items", several.len()))
                .at(&at, None)
                .hint(format!("agentsess show {}", slug_of(name)));
            error.details = several.iter().map(|item| describe(item)).collect();
            Err(error)
        }
    }
}
