//! What happened while a writer held the lock, left by those who may not wait for it.
//!
//! One small file each in this work tree's own state. The next writer that has the lock takes them
//! over before its own work. They are read as what anybody may have written.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::conversations::small;
use super::leftovers::paths;
use super::lock::{LOCAL, local};
use super::{Lock, Store, files, is_session_name};
use crate::document::sha256;
use crate::document::time::Timestamp;
use crate::error::{Error, Result};

const FOLDER: &str = "events";

/// How many wait at most; if there are more, something else is wrong.
const WAITING: usize = 256;

/// Longest text of one, in bytes.
const TEXT_LIMIT: usize = 4096;

/// Something that happened to a subagent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Version of this format: 1.
    pub schema_version: u32,
    /// The file name of the session.
    pub session: String,
    /// When.
    pub at: Timestamp,
    /// The host's id of the subagent.
    pub id: String,
    /// What kind of agent it is.
    pub agent: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// It was started.
    Started {
        /// To do what, if that is known.
        task: Option<String>,
    },
    /// It has ended.
    Stopped {
        /// What it said last.
        summary: Option<String>,
    },
}

impl Event {
    /// What orders them: what happened first, and of one moment the start.
    fn order(&self) -> (Timestamp, bool, &str) {
        let ended = matches!(self.what, What::Stopped { .. });
        (self.at, ended, &self.id)
    }

    fn is_sound(&self) -> bool {
        let (What::Started { task: text } | What::Stopped { summary: text }) = &self.what;
        let texts = [Some(&self.id), Some(&self.agent), text.as_ref()];
        self.schema_version == 1
            && is_session_name(&self.session)
            && !self.session.contains(['/', '\n'])
            && texts
                .into_iter()
                .flatten()
                .all(|text| text.len() <= TEXT_LIMIT)
    }
}

impl Store {
    /// Leaves an event for the next writer.
    ///
    /// # Errors
    ///
    /// When too many wait, or the operating system refuses.
    pub fn leave_event(&self, event: &Event) -> Result<()> {
        let leave = || {
            let folder = local(&self.sessions)?.join(FOLDER);
            files::create_folder(&folder)?;
            if paths(&folder).take(WAITING).count() == WAITING {
                return Err(
                    Error::usage(format!("{WAITING} events wait already")).at(&folder, None)
                );
            }
            // Left twice it is the same one.
            let kind = matches!(event.what, What::Stopped { .. });
            let key = format!("{}\0{}\0{kind}", event.session, event.id);
            let mut name = sha256(key.as_bytes());
            name.truncate(32);
            let json = serde_json::to_vec(event).unwrap_or_default();
            files::put_passing(&folder.join(name + ".json"), &json)
        };
        leave().map_err(|error| self.relocate(error))
    }

    /// The events that wait, in order, each with its file; `Err` for a file that is none.
    pub fn events(&self) -> Vec<(PathBuf, Result<Event, ()>)> {
        let local = self.sessions.join(LOCAL);
        if files::is_link(&local) {
            return Vec::new();
        }
        let is_event = |path: &PathBuf| path.extension().is_some_and(|end| end == "json");
        let found = paths(&local.join(FOLDER)).filter(is_event).take(WAITING);
        let mut events: Vec<_> = found.map(|path| (read(&path), path)).collect();
        events.sort_by(|(a, _), (b, _)| {
            let (a, b) = (a.as_ref().map(Event::order), b.as_ref().map(Event::order));
            a.cmp(&b)
        });
        events
            .into_iter()
            .map(|(event, path)| (path, event.ok_or(())))
            .collect()
    }

    /// Removes an event that was taken over, or is none.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn remove_event(&self, lock: &Lock, path: &Path) -> Result<()> {
        lock.guards(&self.sessions)?;
        fs::remove_file(path)
            .map_err(|error| self.relocate(Error::io("remove the file", path, &error)))
    }
}

fn read(path: &Path) -> Option<Event> {
    let bytes = small(files::open(path).ok()?)?;
    let event: Event = serde_json::from_slice(&bytes).ok()?;
    event.is_sound().then_some(event)
}
