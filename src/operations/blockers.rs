//! What stands in the way, and what no longer does.

use super::Written;
use super::log::check_token;
use super::task::add_to;
use super::write::{Entry, Revision, write};
use crate::document::schema::BLOCKERS;
use crate::document::time::Timestamp;
use crate::document::{Edit, insert, is_none};
use crate::error::{Error, Result};
use crate::shell;
use crate::store::Store;

/// Adds a blocker.
///
/// # Errors
///
/// When the text is empty or says `None.`, the session is completed, or the file cannot be edited
/// or written.
pub fn block(
    store: &Store,
    name: &str,
    text: &str,
    agent: &str,
    allow_secret: bool,
    now: Timestamp,
) -> Result<Written> {
    let text = insert::line(text);
    if text.is_empty() {
        return Err(Error::usage("a blocker needs a text").hint("agentsess help block"));
    }
    if is_none(&text) {
        let error = Error::usage(format!("`{text}` says that nothing stands in the way"));
        return Err(error.hint("agentsess help unblock"));
    }
    check_token("agent", agent)?;
    let item = format!("- {text}");
    let log = format!("Blocked: {text}");
    write(store, name, allow_secret, now, |revision| {
        let entry = Entry {
            agent,
            action: "blocked",
            text: &log,
            is_work: true,
        };
        let edit = add_to(revision.document, BLOCKERS, &item);
        revision.apply(vec![edit], Some(entry)).map(Some)
    })
}

/// Removes the blocker whose text is `wanted` or has it as a part, or the only one. The log keeps
/// its words.
///
/// # Errors
///
/// When no blocker fits or several do, the session is completed, or the file cannot be edited or
/// written.
pub fn unblock(
    store: &Store,
    name: &str,
    wanted: Option<&str>,
    agent: &str,
    now: Timestamp,
) -> Result<Written> {
    check_token("agent", agent)?;
    // The words come from the file, which is not the place to censor them.
    write(store, name, true, now, |revision| {
        let (item, words) = find(revision, wanted)?;
        let log = if words.contains('\n') {
            format!("No longer blocked:\n\n{words}")
        } else {
            let line = words.trim_start_matches(['-', '*', '+']).trim_start();
            format!("No longer blocked: {line}")
        };
        let entry = Entry {
            agent,
            action: "unblocked",
            text: &log,
            is_work: true,
        };
        let edit = Edit::RemoveItem { item };
        revision.apply(vec![edit], Some(entry)).map(Some)
    })
}

/// The blocker, and all of its words as they stand in the file.
fn find(revision: &Revision, wanted: Option<&str>) -> Result<(usize, String)> {
    let document = revision.document;
    let open: Vec<_> = document
        .open_items(BLOCKERS)
        .filter(|(_, item)| item.depth == 1)
        .map(|(index, item)| (index, item, insert::line(item.text.of(document.text))))
        .collect();
    let line = wanted.map(insert::line);
    let lower = line.as_deref().unwrap_or("").to_lowercase();
    let mut found: Vec<_> = open
        .iter()
        .filter(|(_, _, text)| line.as_ref() == Some(text))
        .collect();
    if found.is_empty() {
        let part = open.iter();
        found = part
            .filter(|(_, _, text)| text.to_lowercase().contains(&lower))
            .collect();
    }
    let slug = revision.selector();
    let texts = |found: &[&(usize, _, String)]| -> Vec<String> {
        found.iter().map(|(_, _, text)| text.clone()).collect()
    };
    match found.as_slice() {
        [(index, item, _)] => {
            let words = item.extent(document.text).of(document.text);
            Ok((*index, words.to_owned()))
        }
        [] => {
            let mut error = revision.error(match &line {
                Some(line) if !open.is_empty() => format!("no blocker matches `{line}`"),
                _ => "nothing is listed as a blocker".to_owned(),
            });
            error.details = open.iter().map(|(_, _, text)| text.clone()).collect();
            Err(error.hint(format!("agentsess show {slug}")))
        }
        several => {
            let mut error = revision.error(match &line {
                Some(line) => format!("`{line}` fits {} blockers", several.len()),
                None => format!("there are {} blockers", several.len()),
            });
            error.details = texts(several);
            let first = error.details.first().cloned().unwrap_or_default();
            let alike = error.details.iter().filter(|text| **text == first).count();
            Err(error.hint(if alike > 1 {
                format!("agentsess edit {slug}")
            } else {
                format!("agentsess unblock {} -s {slug}", shell::word(&first))
            }))
        }
    }
}
