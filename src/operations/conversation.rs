//! What a conversation with an agent is to a session: it works on one, may leave it behind, and
//! ends.

use serde::Serialize;

use super::digest::{Head, heads};
use super::list::State;
use crate::document::schema::CURRENT_STATE;
use crate::document::time::Timestamp;
use crate::document::{Document, Progress, Status};
use crate::error::Result;
use crate::store::{Conversation, Store};

/// A session that a conversation left open.
#[derive(Debug, Serialize)]
pub struct Open {
    /// Its shortest name.
    pub slug: String,
    /// Its effective state.
    pub state: State,
    /// Ticked items of all.
    pub progress: Progress,
    /// Whether it is completed, and only waits to be closed.
    pub completed: bool,
    /// Seconds since the conversation ended.
    pub ended: i64,
}

/// What is open at the end of a conversation.
#[derive(Debug, Serialize)]
pub struct End {
    /// What this one worked on, unless it is in order to leave that as it is.
    pub own: Option<Open>,
    /// All sessions that are not closed.
    pub sessions: usize,
    /// Those of them that are completed.
    pub completed: usize,
}

/// The conversation in which something is done.
#[derive(Debug, Clone, Copy)]
pub struct Calling<'c> {
    /// The host's id of it.
    pub id: &'c str,
    /// The host, if it is known.
    pub host: Option<&'c str>,
    /// Whether ids of others are to be seen, too.
    pub nested: bool,
}

/// Binds a conversation to a session. Others that worked on it, and in which nobody is at work any
/// more, lose it.
///
/// # Errors
///
/// When the session cannot be read, or the operating system refuses.
pub fn bind(store: &Store, calling: Calling, name: &str, now: Timestamp) -> Result<()> {
    let Calling { id, host, nested } = calling;
    let source = store.read(name)?;
    let document = Document::parse(&source);
    let known = store.conversation(id);
    store.keep_conversation(&Conversation {
        schema_version: 1,
        id: id.to_owned(),
        host: host.map(str::to_owned),
        session: name.to_owned(),
        bound_at: now,
        entries: document.body.log(document.text).len(),
        seen_at: now,
        ended_at: None,
        asked: known.is_some_and(|known| known.asked),
        told: false,
        lost_at: None,
        nested,
    })?;
    store.take_from(name, now, |other| other.id != id && !other.is_live(now));
    Ok(())
}

/// The same once something else is done, which the error says.
pub(super) fn bind_along(
    store: &Store,
    calling: Option<Calling>,
    name: &str,
    now: Timestamp,
) -> Result<()> {
    let bound = calling.map_or(Ok(()), |calling| bind(store, calling, name, now));
    bound.map_err(|mut error| {
        error.message += "; the command itself was carried out, but what comes next means another \
                          session";
        error.hint(format!("agentsess use {}", store.selector(name)))
    })
}

/// Notes that a conversation goes on.
///
/// # Errors
///
/// When the operating system refuses.
pub fn seen(store: &Store, mut conversation: Conversation, now: Timestamp) -> Result<()> {
    conversation.seen_at = now;
    conversation.ended_at = None;
    conversation.told = false;
    store.note_conversation(&conversation)
}

/// Whether a session is in order when nobody is at work on it: nothing is to be written down, and
/// somebody is to take it, or it waits.
fn is_in_order(document: &Document) -> bool {
    let waits = document.frontmatter.status() == Some(Status::Paused);
    waits && !document.is_behind()
}

/// What a conversation that has ended left open, if anything.
pub fn left(store: &Store, conversation: &Conversation, now: Timestamp) -> Option<Open> {
    let ended = conversation.ended_at?;
    let source = store.read(&conversation.session).ok()?;
    let document = Document::parse(&source);
    (!is_in_order(&document)).then(|| Open {
        slug: store.short_name(&conversation.session).to_owned(),
        state: State::of(&document, now),
        progress: document.progress(),
        completed: document.frontmatter.status() == Some(Status::Completed),
        ended: (now - ended).num_seconds(),
    })
}

/// Ends a conversation. It stays known for as long as there is something to be said about what it
/// worked on. With `told`, that is said now.
///
/// # Errors
///
/// When the folder cannot be read, or the operating system refuses.
pub fn end(store: &Store, id: Option<&str>, told: bool, now: Timestamp) -> Result<End> {
    let conversation = id.and_then(|id| store.conversation(id));
    let own = match conversation {
        None => None,
        Some(mut conversation) => {
            conversation.seen_at = now;
            conversation.ended_at = Some(now);
            conversation.told = told;
            let own = left(store, &conversation, now);
            if own.is_some() {
                store.note_conversation(&conversation)?;
            } else {
                store.forget_conversation(&conversation.id)?;
            }
            own
        }
    };
    // What nobody hears need not be counted.
    if !told {
        return Ok(End {
            own,
            sessions: 0,
            completed: 0,
        });
    }
    let heads = heads(store)?;
    let completed = |head: &&Head| head.status == Some(Status::Completed);
    Ok(End {
        own,
        sessions: heads.len(),
        completed: heads.iter().filter(completed).count(),
    })
}

/// The session that a conversation worked on and is about to leave behind, if so. It is said once.
///
/// # Errors
///
/// When the operating system refuses.
pub fn left_behind(store: &Store, id: &str, now: Timestamp) -> Result<Option<String>> {
    let Some(mut conversation) = store.conversation(id) else {
        return Ok(None);
    };
    let Ok(source) = store.read(&conversation.session) else {
        return Ok(None);
    };
    let document = Document::parse(&source);
    let worked = document.body.log(document.text).len() > conversation.entries;
    let asked = conversation.asked;
    let unsaid = document.section_text(CURRENT_STATE).is_none();
    if asked || !worked || !(unsaid || document.is_behind()) {
        seen(store, conversation, now)?;
        return Ok(None);
    }
    let slug = store.short_name(&conversation.session).to_owned();
    conversation.asked = true;
    // Asked without end it would never stop.
    seen(store, conversation, now)?;
    Ok(Some(slug))
}
