//! Says which session a conversation or a work tree means when none is named.

use serde::Serialize;

use super::conversation::{Calling, bind};
use super::slug_of;
use crate::document::time::Timestamp;
use crate::error::Result;
use crate::store::{Caller, Store};

/// What is used.
#[derive(Debug, Serialize)]
pub struct Used {
    /// The session's file name.
    pub session: Option<String>,
    /// Its short name.
    pub slug: Option<String>,
}

impl Used {
    fn new(session: Option<String>) -> Self {
        Self {
            slug: session.as_deref().map(|name| slug_of(name).to_owned()),
            session,
        }
    }
}

/// What is used: by the calling conversation, or else by this work tree.
///
/// # Errors
///
/// When that session is not there any more.
pub fn used(store: &Store, caller: &Caller) -> Result<Used> {
    let bound = caller.conversation.and_then(|id| store.conversation(id));
    let is_used = bound.is_some() || store.used().is_some();
    let session = is_used.then(|| store.meant(caller)).transpose()?;
    Ok(Used::new(session))
}

/// Uses a session, or none: in the conversation that calls, if one does, or else in this work tree.
/// Returns what is used then.
///
/// # Errors
///
/// When the session cannot be read, or the operating system refuses.
pub fn use_session(
    store: &Store,
    name: Option<&str>,
    calling: Option<Calling>,
    now: Timestamp,
) -> Result<Used> {
    let lock = store.lock()?;
    if let Some(name) = name {
        store.read(name)?;
        store.own(name)?;
    }
    match (name, calling) {
        (Some(name), Some(calling)) => {
            bind(store, calling, name, now)?;
            Ok(Used::new(Some(name.to_owned())))
        }
        (None, Some(calling)) if store.conversation(calling.id).is_some() => {
            store.forget_conversation(calling.id)?;
            Ok(Used::new(store.used()))
        }
        _ => {
            store.use_session(&lock, name)?;
            Ok(Used::new(name.map(str::to_owned)))
        }
    }
}
