//! Puts work aside.

use super::Written;
use super::log::check_token;
use super::write::{Entry, write};
use crate::document::time::Timestamp;
use crate::document::{Edit, Scalar, Status};
use crate::error::Result;
use crate::store::Store;

/// Sets the status to `paused`. A session that is paused already gets the reason, if there is one.
///
/// # Errors
///
/// When the session is completed, or the file cannot be edited or written.
pub fn pause(
    store: &Store,
    name: &str,
    because: Option<&str>,
    agent: &str,
    allow_secret: bool,
    now: Timestamp,
) -> Result<Written> {
    check_token("agent", agent)?;
    let because = because.map(str::trim).filter(|reason| !reason.is_empty());
    write(store, name, allow_secret, now, |revision| {
        let status = revision.document.frontmatter.status();
        if status == Some(Status::Paused) && because.is_none() {
            return Ok(None);
        }
        let entry = Entry {
            agent,
            action: "paused",
            text: because.unwrap_or("Paused."),
            is_work: false,
        };
        let edit = set_status(Status::Paused);
        revision.apply(vec![edit], Some(entry)).map(Some)
    })
}

/// The edit that sets the status.
pub(super) fn set_status(status: Status) -> Edit<'static> {
    Edit::Set {
        path: &["session", "status"],
        value: Scalar::Word(status.as_str()),
    }
}
