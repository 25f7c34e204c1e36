//! Which session each conversation with an agent works on.
//!
//! One small file for each conversation that works on a session, named after the host's own id of
//! it, and replaced as a whole. No lock is taken: a conversation writes only its own file, and what
//! is written last is what it did last.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::leftovers::paths;
use super::lock::{LOCAL, local};
use super::{Store, files, is_session_name};
use crate::document::time::Timestamp;
use crate::document::{sha256, slug_of};
use crate::error::{Error, Result};

const FOLDER: &str = "conversations";

/// Longest id, in bytes. Those of all known hosts are below 100.
const ID_LIMIT: usize = 512;

/// Longest file, in bytes.
const SIZE_LIMIT: u64 = 16 * 1024;

/// How long after it was last heard of a conversation that has not ended is believed to go on.
const LIVE: TimeDelta = TimeDelta::hours(12);

/// How long what is known of a conversation is kept after it was last heard of.
const KEPT: TimeDelta = TimeDelta::days(30);

/// A conversation that is bound to a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Version of this format: 1.
    pub schema_version: u32,
    /// The host's id of it.
    pub id: String,
    /// The host, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The file name of the session that it works on.
    pub session: String,
    /// When it was bound to that.
    pub bound_at: Timestamp,
    /// How many entries the session's log had then.
    pub entries: usize,
    /// When it was last heard of.
    pub seen_at: Timestamp,
    /// When it ended, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Whether it was asked, as it was about to stop, to write down where things stand.
    #[serde(default)]
    pub asked: bool,
    /// Whether another conversation was told that this one ended and what it left open.
    #[serde(default)]
    pub told: bool,
    /// When another conversation took the session over, if one has: it is bound to none since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<Timestamp>,
    /// Whether the ids of other conversations were to be seen where it was bound: one of them has
    /// started it.
    #[serde(default)]
    pub nested: bool,
}

impl Conversation {
    /// Whether somebody may still be at work in it.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now - self.seen_at < LIVE
    }

    /// Says so to another one.
    pub fn is_busy(&self) -> String {
        let host = self.host.as_deref().unwrap_or("an agent");
        let slug = slug_of(&self.session);
        format!("another conversation, with {host}, is at work on `{slug}`")
    }
}

impl Store {
    /// What is known of a conversation; nothing unless it is bound to a session. The session need
    /// not be there any more.
    pub fn conversation(&self, id: &str) -> Option<Conversation> {
        self.known(id).filter(|found| found.lost_at.is_none())
    }

    /// The same for one that was bound to a session until another one took that over.
    pub fn lost(&self, id: &str) -> Option<Conversation> {
        self.known(id).filter(|found| found.lost_at.is_some())
    }

    fn known(&self, id: &str) -> Option<Conversation> {
        let path = self.conversations_folder()?.join(file_name(id)?);
        read(&path).filter(|found| found.id == id)
    }

    /// All conversations that are bound to a session, by their ids.
    pub fn conversations(&self) -> Vec<Conversation> {
        let mut bound = self.all_known();
        bound.retain(|conversation| conversation.lost_at.is_none());
        bound
    }

    fn all_known(&self) -> Vec<Conversation> {
        let folder = self.conversations_folder();
        let mut found: Vec<_> = folder
            .iter()
            .flat_map(|folder| paths(folder))
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .filter_map(|path| read(&path))
            .collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found
    }

    /// The conversations other than `id` in which somebody may be at work.
    pub fn live_elsewhere(
        &self,
        id: Option<&str>,
        now: Timestamp,
    ) -> impl Iterator<Item = Conversation> {
        let all = self.conversations().into_iter();
        all.filter(move |other| Some(other.id.as_str()) != id && other.is_live(now))
    }

    /// The same for one session. Where it is not known which conversation calls, it may be any with
    /// the same agent.
    pub fn at_work_elsewhere(
        &self,
        session: &str,
        id: Option<&str>,
        agent: &str,
        now: Timestamp,
    ) -> impl Iterator<Item = Conversation> {
        self.live_elsewhere(id, now).filter(move |other| {
            let may_call = id.is_none() && other.host.as_deref() == Some(agent);
            other.session == session && !may_call
        })
    }

    /// Writes down what is known of a conversation, durably.
    ///
    /// # Errors
    ///
    /// When the id is empty or too long, or the operating system refuses.
    pub fn keep_conversation(&self, conversation: &Conversation) -> Result<()> {
        let name = file_name(&conversation.id).ok_or_else(|| {
            Error::usage("this cannot be the id of a conversation").hint("agentsess help hook")
        })?;
        let keep = || {
            let folder = local(&self.sessions)?.join(FOLDER);
            files::create_folder(&folder)?;
            files::put(&folder.join(name), &to_json(conversation))
        };
        keep().map_err(|error| self.relocate(error))
    }

    /// The same for a conversation that is known already, and without waiting for the disk: should
    /// the power fail, it is as if it had not been heard of for a while, or not at all.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn note_conversation(&self, conversation: &Conversation) -> Result<()> {
        let folder = self.conversations_folder();
        let Some((folder, name)) = folder.zip(file_name(&conversation.id)) else {
            return Ok(());
        };
        files::put_passing(&folder.join(name), &to_json(conversation))
            .map_err(|error| self.relocate(error))
    }

    /// Forgets which session a conversation works on.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn forget_conversation(&self, id: &str) -> Result<()> {
        let folder = self.conversations_folder();
        let Some((folder, name)) = folder.zip(file_name(id)) else {
            return Ok(());
        };
        let path = folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(self.relocate(Error::io("remove the file", &path, &error)))
            }
            _ => Ok(()),
        }
    }

    /// Forgets the conversations that work on a session and are meant, as far as that is possible.
    pub fn unbind(&self, session: &str, is_meant: impl Fn(&Conversation) -> bool) {
        let all = self.conversations().into_iter();
        let bound = all.filter(|conversation| conversation.session == session);
        for conversation in bound.filter(is_meant) {
            // One that stays names a session that is gone or given away, and whoever goes by it is
            // told so.
            let _ = self.forget_conversation(&conversation.id);
        }
    }

    /// Takes a session from the conversations that work on it and are meant, as far as that is
    /// possible. They stay known, so that they can be told.
    pub fn take_from(
        &self,
        session: &str,
        now: Timestamp,
        is_meant: impl Fn(&Conversation) -> bool,
    ) {
        let all = self.conversations().into_iter();
        let bound = all.filter(|conversation| conversation.session == session);
        for mut conversation in bound.filter(is_meant) {
            conversation.lost_at = Some(now);
            // One that goes on as if nothing had happened is noticed: two are at work then.
            let _ = self.note_conversation(&conversation);
        }
    }

    /// Conversations that nobody needs to know of any more: not heard of for long, or ended with
    /// nothing left of their session.
    pub fn old_conversations(&self, now: Timestamp) -> impl Iterator<Item = Conversation> {
        let all = self.all_known().into_iter();
        all.filter(move |conversation| {
            let gone = || self.path(&conversation.session).symlink_metadata().is_err();
            now - conversation.seen_at > KEPT || (conversation.ended_at.is_some() && gone())
        })
    }

    /// `None` where somebody made a link of this work tree's own state.
    fn conversations_folder(&self) -> Option<PathBuf> {
        let local = self.sessions.join(LOCAL);
        (!files::is_link(&local)).then(|| local.join(FOLDER))
    }
}

/// Ids are whatever a host makes up, and file names are not.
fn file_name(id: &str) -> Option<String> {
    if id.is_empty() || id.len() > ID_LIMIT {
        return None;
    }
    let mut name = sha256(id.as_bytes());
    name.truncate(32);
    Some(name + ".json")
}

fn to_json(conversation: &Conversation) -> Vec<u8> {
    // Turning this type into JSON does not fail; what would be empty is read as nothing.
    let mut json = serde_json::to_vec(conversation).unwrap_or_default();
    json.push(b'\n');
    json
}

/// Whatever is in the way, nothing is known then.
fn read(path: &Path) -> Option<Conversation> {
    let found: Conversation = serde_json::from_slice(&small(files::open(path).ok()?)?).ok()?;
    let is_ours = found.schema_version == 1
        && path.file_name().and_then(|name| name.to_str()) == file_name(&found.id).as_deref()
        && is_session_name(&found.session)
        && !found.session.contains(['/', '\n']);
    is_ours.then_some(found)
}

/// The bytes of a small regular file.
pub(super) fn small(file: File) -> Option<Vec<u8>> {
    let is_small = |meta: fs::Metadata| meta.is_file() && meta.len() <= SIZE_LIMIT;
    file.metadata().is_ok_and(is_small).then_some(())?;
    let mut bytes = Vec::new();
    file.take(SIZE_LIMIT).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
