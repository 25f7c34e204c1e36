//! Adds items of work.

use super::Written;
use super::done::Ticks;
use super::new::task_list;
use super::write::{Revision, write};
use crate::document::schema::{ACCEPTANCE_CRITERIA, EXECUTION_PROGRESS, NEXT_STEPS};
use crate::document::time::Timestamp;
use crate::document::{Document, Edit, Wave, WaveState, is_none, item_words};
use crate::error::{Error, Result};
use crate::store::Store;

/// Where a new item goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Next Steps.
    NextSteps,
    /// Acceptance Criteria.
    Criteria,
    /// The wave of this number.
    Wave(u32),
}

/// Adds an open item.
///
/// # Errors
///
/// When the text is empty or says `None.`, the session is completed, there is no such wave or it is
/// `DONE`, or the file cannot be edited or written.
pub fn add(
    store: &Store,
    name: &str,
    text: &str,
    place: Place,
    allow_secret: bool,
    now: Timestamp,
) -> Result<Written> {
    let text = item_words(text);
    if text.is_empty() {
        return Err(Error::usage("a task needs a text").hint("agentsess help task"));
    }
    if is_none(&text) {
        let error = Error::usage(format!("`{text}` says that there is no task"));
        return Err(error.hint("agentsess help task"));
    }
    let item = task_list(std::slice::from_ref(&text));
    let mut current_task = None;
    let written = write(store, name, allow_secret, now, |revision| {
        revision.refuse_completed("tasks")?;
        let edit = match place {
            Place::NextSteps => add_to(revision.document, NEXT_STEPS, &item),
            Place::Criteria => add_to(revision.document, ACCEPTANCE_CRITERIA, &item),
            Place::Wave(number) => Edit::AddItem {
                heading: wave(revision, number, &text)?,
                text: &text,
            },
        };
        let mut bytes = revision.apply(vec![edit], None)?;
        current_task = Ticks::default().move_on(revision, &mut bytes)?;
        Ok(Some(bytes))
    })?;
    Ok(Written {
        current_task,
        ..written
    })
}

/// The edit that adds to a section, in place of a `None.`.
pub(super) fn add_to<'e>(document: &Document, section: &'e str, text: &'e str) -> Edit<'e> {
    if document.section_text(section).is_some_and(is_none) {
        Edit::Replace { section, text }
    } else {
        Edit::Append { section, text }
    }
}

/// The heading of the only wave of this number.
fn wave(revision: &Revision, number: u32, text: &str) -> Result<usize> {
    let document = revision.document;
    let waves: Vec<_> = document.waves().filter_map(|(_, wave)| wave.ok()).collect();
    let named: Vec<_> = waves.iter().filter(|wave| wave.number == number).collect();
    let slug = revision.selector();
    let text = crate::shell::word(text);
    let is_done = |wave: &Wave| matches!(wave.state, Some((WaveState::Done, _)));
    match named.as_slice() {
        [only] if is_done(only) => {
            let open = waves.iter().find(|wave| !is_done(wave));
            let place = open.map_or_else(String::new, |wave| format!(" --wave {}", wave.number));
            let error = revision.error(format!("Wave {number} is DONE and takes no more tasks"));
            Err(error.hint(format!("agentsess task add {text}{place} -s {slug}")))
        }
        [only] => Ok(only.heading),
        [] => {
            let mut error = revision.error(format!("there is no Wave {number}"));
            error.details = waves
                .iter()
                .filter_map(|wave| document.body.headings.get(wave.heading))
                .map(|heading| heading.title.to_string())
                .collect();
            Err(error.hint(match waves.last() {
                Some(wave) => {
                    format!("agentsess task add {text} --wave {} -s {slug}", wave.number)
                }
                None => format!(
                    "printf '## {EXECUTION_PROGRESS} +\\n### Wave {number}: Name (ACTIVE)\\n' | \
                     agentsess log \"Wave {number} begins\" - -s {slug} && \
                     agentsess task add {text} --wave {number} -s {slug}"
                ),
            }))
        }
        _ => Err(revision
            .error(format!("{} waves have the number {number}", named.len()))
            .hint(format!("agentsess edit {slug}"))),
    }
}
