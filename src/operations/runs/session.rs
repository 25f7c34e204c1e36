//! What a session says of a run.

use chrono::{SubsecRound, TimeDelta};

use super::plan::check_name;
use super::record::bounded;
use super::{listed_as, outcome};
use crate::document::time::{Timestamp, parse_rfc3339};
use crate::document::{Document, Source, Status};
use crate::error::{Error, Kind, Result};
use crate::operations::Guard;
use crate::operations::done::{Ticks, find};
use crate::operations::spawned::{Listed, has_summary, place, task};
use crate::operations::write::{Entry, Revision, write};
use crate::runs::{self, Reason, Run};
use crate::store::Store;

/// How long a session may be away until nobody waits for it to come back.
const AWAY: TimeDelta = TimeDelta::days(30);

/// What became of the item of a run in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tick {
    /// There is none, it is not done, or it was ticked before.
    None,
    /// It is ticked now.
    Done,
    /// It is done, and not there any more.
    Missing,
}

/// What of a session a run needs to know: the text of the item it is for, and its task.
pub(super) fn plan(
    store: &Store,
    name: &str,
    agent: &str,
    item: Option<&str>,
    now: Timestamp,
) -> Result<(Option<String>, String)> {
    check_name(store, agent)?;
    let source: Source = store.read(name)?;
    let document = Document::parse(&source);
    let guard = Guard::new(false);
    let revision = Revision::to_read(store, name, &document, &guard, now);
    revision.refuse_completed("runs")?;
    let item = item.map(|wanted| find(&revision, wanted)).transpose();
    let item =
        item.map_err(|error| error.hint(format!("agentsess show {}", revision.selector())))?;
    let item = item.and_then(|(index, _)| document.body.items.get(index));
    let item = item.map(|item| crate::document::insert::line(item.text.of(document.text)));
    let words = item.as_deref().or(document.frontmatter.current_task());
    let task = words.and_then(task);
    Ok((
        item,
        task.unwrap_or_else(|| "a part of the work".to_owned()),
    ))
}

/// Lists the agent as at work.
///
/// # Errors
///
/// When the session is completed, or cannot be edited or written.
pub(super) fn begun(store: &Store, run: &Run, now: Timestamp) -> Result<()> {
    let (status, summary) = listed_as(run);
    let written = write(store, &run.session, false, now, |revision| {
        let document = revision.document;
        revision.refuse_completed("runs")?;
        let known = place(document, &run.agent, &run.task);
        // How it went before is over, and an entry without a summary needs none.
        let had = known.is_some_and(|at| has_summary(document, at));
        let listed = Listed {
            agent: &run.agent,
            task: &run.task,
            status,
            summary: had.then_some(&summary),
        };
        // One that is not listed runs all the same.
        let Ok(edits) = listed.edits(document, known) else {
            return Ok(None);
        };
        revision.apply(edits, None).map(Some)
    });
    written.map(drop)
}

/// Writes down how a run has ended, once, whoever does it, and ticks the item that it completed.
/// While `others` do the same for the same agent, it stays listed as at work. Says what became of
/// the item.
///
/// # Errors
///
/// When the session cannot be edited or written, or is away without having been closed, of kind
/// [`Kind::NotFound`]. One that is closed is no error; of one that is completed only the list of
/// agents is written.
pub(super) fn ended(store: &Store, run: &Run, others: bool, now: Timestamp) -> Result<Tick> {
    let (status, summary) = listed_as(run);
    let said = run.summary.as_deref();
    let said = said.map(|said| format!(": {said}")).unwrap_or_default();
    let begin = format!("Run {}:", run.id);
    let end = format!("{begin} {} {}", run.agent, outcome(run));
    let text = format!("{end}{said}");
    // Somebody's word comes after what may have been said of how the process ended.
    let mark = match run.reason {
        Some(Reason::ByHand) => end,
        _ => begin,
    };
    let is_done = run.status == runs::Status::Completed;
    let item = run.item.as_deref().filter(|_| is_done);
    let mut tick = Tick::None;
    let written = write(store, &run.session, false, now, |revision| {
        let document = revision.document;
        if document.text.contains(&mark) {
            return Ok(None);
        }
        let known = place(document, &run.agent, &run.task);
        let listed = Listed {
            agent: &run.agent,
            task: &run.task,
            status,
            summary: Some(&summary),
        };
        let mut edits = if others {
            Vec::new()
        } else {
            listed.edits(document, known).unwrap_or_default()
        };
        // Its log is over, and nobody is listed there any more who was not before.
        if document.frontmatter.status() == Some(Status::Completed) {
            let is_listed = known.is_some() && !edits.is_empty();
            return is_listed.then(|| revision.apply(edits, None)).transpose();
        }
        let entry = Entry {
            agent: &run.agent,
            action: "run",
            text: &text,
            is_work: !knows_of(document, run),
        };
        let mut ticks = Ticks::default();
        if let Some(item) = item {
            let known = Ticks::of(revision, &[item.to_owned()]);
            tick = match &known {
                Some(ticks) if ticks.is_empty() => Tick::None,
                Some(_) => Tick::Done,
                None => Tick::Missing,
            };
            ticks = known.unwrap_or_default();
        }
        edits.extend(ticks.edits());
        let mut bytes = revision.apply(edits, Some(entry))?;
        if tick == Tick::Done {
            ticks.move_on(revision, &mut bytes)?;
        }
        Ok(Some(bytes))
    });
    match written {
        Err(error) if error.kind == Kind::NotFound && is_closed(store, run, now) => Ok(Tick::None),
        Err(error) if error.kind == Kind::NotFound => {
            let path = store.shown(&store.path(&run.session));
            let message = format!("{} is not there now", path.display());
            Err(Error::new(Kind::NotFound, message).hint("git status"))
        }
        written => written.map(|_| tick),
    }
}

/// Whether the item of a run is ticked.
pub(super) fn is_ticked(store: &Store, run: &Run) -> bool {
    let Ok(source) = store.read(&run.session) else {
        return false;
    };
    let document = Document::parse(&source);
    let ticked = document.boxes().find(|(_, item, _)| {
        let text = crate::document::insert::line(item.text.of(document.text));
        run.item.as_ref() == Some(&bounded(&text))
    });
    ticked.is_some_and(|(.., ticked)| ticked)
}

/// Whether the session of a run that is not there was closed since, as against being away with a
/// branch. One that stays away for long is taken to be closed.
fn is_closed(store: &Store, run: &Run, now: Timestamp) -> bool {
    let trashed = store.trashed();
    let mut removed = trashed
        .iter()
        .filter(|trashed| trashed.entry.name == run.session)
        .filter_map(|trashed| parse_rfc3339(&trashed.entry.removed_at));
    let begun = run.started_at.trunc_subsecs(0);
    let ended = run.completed_at.unwrap_or(run.started_at);
    removed.any(|removed| removed.at >= begun) || now.signed_duration_since(ended) > AWAY
}

/// Whether Current State was written while a run went on that then completed: by the agent itself,
/// to which its own end is no news.
fn knows_of(document: &Document, run: &Run) -> bool {
    let recorded = document.frontmatter.text(&["session", "state_recorded"]);
    let at = recorded.and_then(|recorded| parse_rfc3339(recorded.split(' ').next()?));
    // Of what it was recorded with, nothing below a second is known.
    let begun = run.started_at.trunc_subsecs(0);
    run.status == runs::Status::Completed && at.is_some_and(|recorded| recorded.at >= begun)
}
