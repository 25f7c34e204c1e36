//! Ticks items, and moves the waves they stand in along.

use super::Written;
use super::runs::bounded;
use super::write::{Entry, Revision, write};
use crate::document::schema::NEXT_STEPS;
use crate::document::time::Timestamp;
use crate::document::{Document, Edit, Item, Source, Wave, WaveState, insert, is_placeholder};
use crate::error::{Error, Result};
use crate::shell;
use crate::store::Store;

/// Ticks the items that `wanted` names, each by its id, its text, or a part of its text that no
/// other open item has. Nothing is written if one of them is not found, or if all are ticked.
///
/// # Errors
///
/// When an item is not found or fits several, the session is completed, or the file cannot be
/// edited or written.
pub fn done(
    store: &Store,
    name: &str,
    wanted: &[String],
    agent: &str,
    now: Timestamp,
) -> Result<Written> {
    super::log::check_token("agent", agent)?;
    let mut current_task = None;
    let written = write(store, name, false, now, |revision| {
        let ticks = Ticks::find(revision, wanted)?;
        if ticks.items.is_empty() {
            return Ok(None);
        }
        let text = ticks.text(revision.document);
        let entry = Entry {
            agent,
            action: "done",
            text: &text,
            is_work: true,
        };
        let mut bytes = revision.apply(ticks.edits(), Some(entry))?;
        current_task = ticks.move_on(revision, &mut bytes)?;
        Ok(Some(bytes))
    })?;
    Ok(Written {
        current_task,
        ..written
    })
}

/// Ticks the open items that have these texts, or their ids, with all that is a part of them,
/// without an entry in the log: whoever did them has one. An item that is ticked already, or that
/// is gone, is left alone.
///
/// # Errors
///
/// When the session is completed, or the file cannot be edited or written.
pub fn tick(store: &Store, name: &str, texts: &[String], now: Timestamp) -> Result<Written> {
    let mut current_task = None;
    let written = write(store, name, false, now, |revision| {
        revision.refuse_completed("ticks")?;
        let ticks = Ticks::of(revision, texts).unwrap_or_default();
        if ticks.is_empty() {
            return Ok(None);
        }
        let mut bytes = revision.apply(ticks.edits(), None)?;
        current_task = ticks.move_on(revision, &mut bytes)?;
        Ok(Some(bytes))
    })?;
    Ok(Written {
        current_task,
        ..written
    })
}

/// Items to be ticked, and the waves whose state changes with that.
#[derive(Debug, Default)]
pub(super) struct Ticks {
    items: Vec<usize>,
    waves: Vec<(Wave, WaveState)>,
}

impl Ticks {
    /// Finds the items; those that are ticked already are not among them.
    pub fn find(revision: &Revision, wanted: &[String]) -> Result<Self> {
        let document = revision.document;
        let (mut items, mut already) = (Vec::new(), Vec::new());
        for wanted in wanted {
            let (item, ticked) = find(revision, wanted)?;
            let found = if ticked { &mut already } else { &mut items };
            if !found.contains(&item) {
                found.push(item);
            }
        }
        revision.tells(texts(document, &items), texts(document, &already));
        let waves = moved(document, &items);
        Ok(Self { items, waves })
    }

    /// The open ones of the items with these texts, as a run knows them, and all open ones that are a
    /// part of them. What was put in other words since is known by its id. Nothing if there is none of
    /// these items, open or ticked.
    pub fn of(revision: &Revision, texts: &[String]) -> Option<Self> {
        let document = revision.document;
        let boxes: Vec<_> = document.boxes().collect();
        let text = |item: &Item| bounded(&insert::line(item.text.of(document.text)));
        let spans = |wanted: &String| -> Vec<_> {
            let same = boxes
                .iter()
                .filter(|(_, item, _)| text(item) == bounded(wanted));
            let same: Vec<_> = same.map(|(_, item, _)| item.span).collect();
            let id = revision.id(wanted).filter(|_| same.is_empty());
            let other = boxes.iter().filter(|(_, item, _)| {
                id.is_some() && revision.id(item.text.of(document.text)) == id
            });
            same.iter()
                .copied()
                .chain(other.map(|(_, item, _)| item.span))
                .collect()
        };
        let spans: Vec<_> = texts.iter().flat_map(spans).collect();
        let open = boxes.iter().filter(|(_, _, ticked)| !ticked);
        let within = |item: &Item| {
            let mut spans = spans.iter();
            spans.any(|span| span.start <= item.span.start && item.span.end <= span.end)
        };
        let items: Vec<_> = open
            .filter(|(_, item, _)| within(item))
            .map(|(index, ..)| *index)
            .collect();
        let waves = moved(document, &items);
        (!spans.is_empty()).then_some(Self { items, waves })
    }

    /// Whether there is nothing to tick.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The edits. They hold as long as no list has grown or shrunk.
    pub fn edits<'e>(&self) -> Vec<Edit<'e>> {
        let items = self.items.iter();
        let checks = items.map(|&item| Edit::Check { item, done: true });
        let waves = self.waves.iter().map(|&(wave, state)| Edit::Wave {
            heading: wave.heading,
            state,
        });
        checks.chain(waves).collect()
    }

    /// Whether the item of this index is among them.
    pub fn has(&self, item: usize) -> bool {
        self.items.contains(&item)
    }

    /// Where the current task is one of them, or an item that was ticked before or that the revision
    /// has dropped, makes the next open item of its kind the current task, in what the revision has
    /// become; without any it stays as it is.
    pub fn move_on(&self, revision: &Revision, bytes: &mut Vec<u8>) -> Result<Option<String>> {
        let document = revision.document;
        let Some(current) = document.frontmatter.current_task() else {
            return Ok(None);
        };
        let is_current = |document: &Document, item: &Item| {
            let text = item.text.of(document.text);
            let id = revision.id(text);
            insert::line(text) == insert::line(current)
                || id.is_some_and(|id| id == current || revision.id(current) == Some(id))
        };
        let work = |document: &Document, ticked: bool| {
            let steps = document.body.items_in(NEXT_STEPS).map(|(index, _)| index);
            let boxes = document.boxes().map(|(index, ..)| index);
            let mut work = steps.chain(boxes);
            work.find(|&index| {
                let item = document.body.items.get(index);
                let meant = |item: &&Item| ticked || !item.checkbox.is_some_and(|(_, done)| done);
                let item = item.filter(meant);
                item.is_some_and(|item| is_current(document, item))
            })
        };
        let ticked = self.items.iter().copied().find(|&item| {
            let item = document.body.items.get(item);
            item.is_some_and(|item| is_current(document, item))
        });
        let item = ticked.or_else(|| work(document, false).or_else(|| work(document, true)));
        let Some(item) = item.and_then(|item| document.body.items.get(item)) else {
            return Ok(None);
        };
        let source = Source::new(std::mem::take(bytes));
        let after = Document::parse(&source);
        if ticked.is_none() && work(&after, false).is_some() {
            drop(after);
            *bytes = source.into_bytes();
            return Ok(None);
        }
        let was_step = document.body.section(NEXT_STEPS).map(|(index, _)| index) == item.section;
        let next = next(&after, was_step);
        *bytes = match &next {
            Some(next) => revision.set(&after, &["orchestration", "current_task"], next)?,
            None => source.bytes().to_vec(),
        };
        Ok(next)
    }

    /// What the entry says.
    fn text(&self, document: &Document) -> String {
        let mut text = match texts(document, &self.items).as_slice() {
            [only] => format!("Done: {only}"),
            several => format!("Done:\n\n- {}", several.join("\n- ")),
        };
        if !self.waves.is_empty() {
            let waves = self.waves.iter();
            let waves: Vec<_> = waves
                .map(|(wave, state)| format!("Wave {} is {state}", wave.number))
                .collect();
            text = format!("{text}\n\n{}.", waves.join(", "));
        }
        text
    }
}

/// The texts of items, one line each.
fn texts(document: &Document, items: &[usize]) -> Vec<String> {
    let items = items.iter();
    let found = items.filter_map(|&item| document.body.items.get(item));
    let text = |item: &Item| insert::line(item.text.of(document.text));
    found.map(text).collect()
}

/// The first open item of Next Steps or of the active wave: of the one that the last task was in,
/// or else of the other.
fn next(document: &Document, was_step: bool) -> Option<String> {
    let is_open = |item: &&Item| item.checkbox.is_some_and(|(_, done)| !done);
    let step = || document.open_items(NEXT_STEPS).map(|(_, item)| item).next();
    let waves = document.waves().filter_map(|(_, wave)| wave.ok());
    let active = |wave: &Wave| matches!(wave.state, Some((WaveState::Active, _)));
    let task = || {
        waves
            .filter(active)
            .find_map(|wave| wave.items(document).find(is_open))
    };
    let item = if was_step {
        step().or_else(task)
    } else {
        task().or_else(step)
    };
    let text = item.map(|item| insert::line(item.text.of(document.text)));
    text.filter(|text| is_placeholder(text).is_none())
}

/// The waves that are over once `ticked` are, and the one that is next.
fn moved(document: &Document, ticked: &[usize]) -> Vec<(Wave, WaveState)> {
    if ticked.is_empty() {
        return Vec::new();
    }
    let starts: Vec<_> = ticked
        .iter()
        .filter_map(|&item| Some(document.body.items.get(item)?.span.start))
        .collect();
    let is_ticked = |item: &Item| starts.contains(&item.span.start);
    let mut waves: Vec<Wave> = document.waves().filter_map(|(_, wave)| wave.ok()).collect();
    let mut moved = Vec::new();
    for wave in &mut waves {
        let touched = wave.items(document).any(is_ticked);
        let open = |item: &Item| item.checkbox.is_some_and(|(_, done)| !done) && !is_ticked(item);
        if touched && !wave.items(document).any(open) {
            let known = wave.state.map(|(state, _)| state);
            let span = wave.state.map_or(wave.name, |(_, span)| span);
            wave.state = Some((WaveState::Done, span));
            if known != Some(WaveState::Done) {
                moved.push((*wave, WaveState::Done));
            }
        }
    }
    let state = |wave: &Wave| wave.state.map(|(state, _)| state);
    let Some((last, _)) = moved.last() else {
        return moved;
    };
    if waves
        .iter()
        .any(|wave| state(wave) == Some(WaveState::Active))
    {
        return moved;
    }
    let over = |number: u32| {
        let mut waves = waves.iter().filter(|wave| wave.number == number);
        waves.any(|wave| state(wave) == Some(WaveState::Done))
    };
    let behind = waves.iter().filter(|wave| wave.heading > last.heading);
    let before = waves.iter().filter(|wave| wave.heading < last.heading);
    let next = behind.chain(before).find(|wave| match state(wave) {
        Some(WaveState::Blocked(by)) => over(by),
        Some(_) => false,
        None => {
            let (done, all) = wave.boxes(document);
            all == 0 || done < all
        }
    });
    moved.extend(next.map(|&next| (next, WaveState::Active)));
    moved
}

/// The item that `wanted` names, and whether it is ticked. An id counts before a text, that before
/// a part of one, and of each an open item before one that is ticked.
pub(super) fn find(revision: &Revision, wanted: &str) -> Result<(usize, bool)> {
    let document = revision.document;
    let boxes: Vec<_> = document
        .boxes()
        .map(|(index, item, ticked)| (index, ticked, item.text.of(document.text)))
        .collect();
    let wanted = wanted.trim();
    let lower = wanted.to_lowercase();
    let id = |text: &str| {
        let id = revision.id(text);
        id.or_else(|| text.split_once(" - ").map(|(id, _)| id.trim())) == Some(wanted)
    };
    let exact = |text: &str| insert::line(text) == insert::line(wanted);
    let part = |text: &str| text.to_lowercase().contains(&lower);
    let ways: [&dyn Fn(&str) -> bool; 3] = [&id, &exact, &part];
    let found = ways.iter().filter(|_| !wanted.is_empty()).find_map(|fits| {
        [false, true].into_iter().find_map(|ticked| {
            let boxes = boxes
                .iter()
                .filter(|(_, is, text)| *is == ticked && fits(text));
            let found: Vec<_> = boxes.collect();
            (!found.is_empty()).then_some(found)
        })
    });
    let describe = |(_, ticked, text): &(usize, bool, &str)| {
        let mark = if *ticked { 'x' } else { ' ' };
        format!("[{mark}] {}", insert::line(text))
    };
    let slug = revision.selector();
    match found.as_deref() {
        Some([only]) => Ok((only.0, only.1)),
        None => {
            if let Some(error) = without_box(revision, wanted) {
                return Err(error);
            }
            let mut error = revision
                .error(format!("no item with a checkbox matches `{wanted}`"))
                .hint(format!("agentsess show {slug}"));
            let open = boxes.iter().filter(|(_, ticked, _)| !ticked);
            error.details = open.map(describe).collect();
            Err(error)
        }
        Some(several) => {
            let mut error = revision.error(format!("`{wanted}` fits {} items", several.len()));
            error.details = several.iter().map(|found| describe(found)).collect();
            let texts = several.iter().map(|(_, _, text)| insert::line(text));
            // Saying all of it chooses one, unless another one says the same.
            let telling = texts
                .clone()
                .find(|text| texts.clone().filter(|other| other == text).count() == 1);
            Err(error.hint(match telling {
                Some(text) => format!("agentsess done {} -s {slug}", shell::word(&text)),
                None => format!("agentsess edit {slug}"),
            }))
        }
    }
}

/// The error for a step that has no checkbox: it cannot be ticked, but it can go.
fn without_box(revision: &Revision, wanted: &str) -> Option<Error> {
    let document = revision.document;
    let lower = wanted.to_lowercase();
    let steps = document.open_items(NEXT_STEPS);
    let lines = steps.map(|(_, item)| (item.checkbox, insert::line(item.text.of(document.text))));
    let fits = |text: &str| !wanted.is_empty() && text.to_lowercase().contains(&lower);
    let (named, others): (Vec<_>, Vec<_>) =
        lines.partition(|(checkbox, text)| checkbox.is_none() && fits(text));
    let [(_, step)] = named.as_slice() else {
        return None;
    };
    let mut rest = String::new();
    for (_, text) in &others {
        rest += " --next ";
        rest += &shell::word(text);
    }
    if others.is_empty() {
        rest += " --next None.";
    }
    let error = revision.error(format!("`{step}` has no checkbox that could be ticked"));
    let message = shell::word(&format!("Done: {step}"));
    let slug = revision.selector();
    Some(error.hint(format!("agentsess log {message}{rest} --replace -s {slug}")))
}
