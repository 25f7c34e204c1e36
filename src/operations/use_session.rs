//! Says which session a work tree means when none is named.

use serde::Serialize;

use super::slug_of;
use crate::error::Result;
use crate::store::Store;

/// What a work tree uses.
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

/// What this work tree uses.
///
/// # Errors
///
/// When that session is not there any more.
pub fn used(store: &Store) -> Result<Used> {
    let session = store.used().map(|_| store.select(None, None)).transpose()?;
    Ok(Used::new(session))
}

/// Uses a session, or none.
///
/// # Errors
///
/// When the session cannot be read, or the operating system refuses.
pub fn use_session(store: &Store, name: Option<&str>) -> Result<Used> {
    let lock = store.lock()?;
    if let Some(name) = name {
        store.read(name)?;
    }
    store.use_session(&lock, name)?;
    Ok(Used::new(name.map(str::to_owned)))
}
