//! Makes a new wave of items that others leave behind.

use super::Written;
use super::assignment::Assignment;
use super::write::{Entry, write};
use crate::document::schema::EXECUTION_PROGRESS;
use crate::document::time::Timestamp;
use crate::document::{Edit, Wave, WaveState, insert, is_wave};
use crate::error::{Error, Result};
use crate::store::Store;

/// Moves open items into a wave of this title behind all others, and returns its number. A wave of
/// which nothing is open any more is over, and one that waited for it waits for the new one.
///
/// # Errors
///
/// When the title is none, an item is no longer open, or the file cannot be edited or written.
pub fn new_wave(
    store: &Store,
    name: &str,
    title: &str,
    items: &[Assignment],
    agent: &str,
    now: Timestamp,
) -> Result<(u32, Written)> {
    super::log::check_token("agent", agent)?;
    let title = insert::line(title);
    let states = ["", " (ACTIVE)"];
    if !states
        .iter()
        .all(|state| is_wave(&format!("Wave 1: {title}{state}")))
    {
        let message = format!("`{title}` cannot be the name of a wave");
        return Err(Error::usage(message).hint("agentsess help runs"));
    }
    let mut number = 0;
    let written = write(store, name, false, now, |revision| {
        revision.refuse_completed("waves")?;
        let document = revision.document;
        let waves: Vec<Wave> = document.waves().filter_map(|(_, wave)| wave.ok()).collect();
        let numbers = document.waves();
        let numbers = numbers.filter_map(|(heading, _)| document.wave_number(heading));
        number = numbers.max().unwrap_or(0).saturating_add(1);
        let moved: Vec<_> = document
            .body
            .items_in(EXECUTION_PROGRESS)
            .filter(|(_, item)| {
                let text = insert::line(item.text.of(document.text));
                let is_open = item.checkbox.is_some_and(|(_, ticked)| !ticked);
                is_open && items.iter().any(|moved| moved.item == text)
            })
            .collect();
        if moved.len() != items.len() {
            let error =
                revision.error("an item that is to be moved is no longer open, or there twice");
            return Err(error.hint(format!("agentsess show {} --full", revision.selector())));
        }
        let goes = |span: crate::document::Span| {
            let mut moved = moved.iter();
            moved.any(|(_, item)| item.span.start <= span.start && span.end <= item.span.end)
        };
        let is_over = |wave: &Wave| {
            let mut items = wave.items(document);
            !items.any(|item| item.checkbox.is_some_and(|(_, done)| !done) && !goes(item.span))
        };
        let left: Vec<_> = waves
            .iter()
            .filter(|wave| wave.items(document).any(|item| goes(item.span)) && is_over(wave))
            .collect();
        let state = |wave: &Wave| wave.state.map(|(state, _)| state);
        let is_active = waves.iter().any(|wave| {
            state(wave) == Some(WaveState::Active)
                && !left.iter().any(|it| it.number == wave.number)
        });
        let suffix = if is_active { "" } else { " (ACTIVE)" };
        let list = items.iter().map(|item| item.markdown.as_str());
        let list = list.collect::<Vec<_>>().join("\n");
        let text = format!("### Wave {number}: {title}{suffix}\n\n{list}");
        // From the end, so that the places of the others stay what they are.
        let mut edits: Vec<Edit> = moved
            .iter()
            .rev()
            .map(|(index, _)| Edit::RemoveItem { item: *index })
            .collect();
        edits.extend(left.iter().map(|wave| Edit::Wave {
            heading: wave.heading,
            state: WaveState::Done,
        }));
        let waits = waves.iter().filter(|wave| match state(wave) {
            Some(WaveState::Blocked(by)) => left.iter().any(|wave| wave.number == by),
            _ => false,
        });
        edits.extend(waits.map(|wave| Edit::Wave {
            heading: wave.heading,
            state: WaveState::Blocked(number),
        }));
        edits.push(Edit::Append {
            section: EXECUTION_PROGRESS,
            text: &text,
        });
        let items: Vec<_> = items.iter().map(|item| item.item.as_str()).collect();
        let entry = format!(
            "Wave {number} is to do what failed:\n\n- {}",
            items.join("\n- ")
        );
        let entry = Entry {
            agent,
            action: "wave",
            text: &entry,
            is_work: true,
        };
        revision.apply(edits, Some(entry)).map(Some)
    })?;
    Ok((number, written))
}
