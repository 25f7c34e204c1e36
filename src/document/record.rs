//! Closing records: what is known of a session once its file is gone, one JSON object each.
//!
//! The folder may be another program's too. So a record is a text in which the named fields are
//! replaced and nothing else: what somebody else wrote stays as it is, byte for byte, whether it is
//! a number that no type holds, an escape, the order of fields or the layout.

mod json;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::planning::{Backlog, Planning};
use super::span::Span;
use super::time::{Timestamp, format_rfc3339, parse_rfc3339};
use super::{SLUG_LIMIT, slugify};
use json::Object;

/// The version of the format.
pub const VERSION: u32 = 1;

/// The fields, in the order in which they are written.
pub const FIELDS: [&str; 12] = [
    "schema_version",
    "session_id",
    "state",
    "root_seed",
    "spikes",
    "plan",
    "backlog",
    "created",
    "updated",
    "completed_at",
    "error",
    "agentsess",
];

/// Longest id, in bytes, so that it is a file name everywhere.
const ID_LIMIT: usize = 200;

/// What became of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was restored, or closing it failed.
    Active,
    /// It was closed.
    Completed,
    /// It was left for another one.
    Archived,
    /// Closing it failed; some programs write that as a state of its own.
    Error,
}

impl State {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Archived => "archived",
            Self::Error => "error",
        }
    }
}

/// Why a session could not be closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What went wrong.
    pub message: String,
    /// When, RFC 3339.
    pub failed_at: String,
    /// Ids of what had been filed before.
    pub tickets_created: Vec<String>,
}

/// Why a text is no record that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// What is wrong.
    pub message: String,
    /// One-based line and column, where that is known.
    pub position: Option<(usize, usize)>,
}

impl Invalid {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            position: None,
        }
    }
}

/// A record: its text and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    text: String,
    /// Its id, which is its file's name without `.json`.
    pub id: String,
    /// What became of the session.
    pub state: State,
    /// Where the work came from and went to.
    pub planning: Planning,
    /// When the session was created.
    pub created: Timestamp,
    /// When the record was last written.
    pub updated: Timestamp,
    /// When the session was closed.
    pub completed_at: Option<Timestamp>,
    /// Why it could not be closed.
    pub failure: Option<Failure>,
    /// The session's title.
    pub title: Option<String>,
    /// The session's file name without `.md`.
    pub stem: Option<String>,
}

impl Record {
    /// The record of a session of which nothing else is known yet.
    ///
    /// # Errors
    ///
    /// When the id cannot be a file name.
    pub fn new(id: &str, created: Timestamp, updated: Timestamp) -> Result<Self, Invalid> {
        let record = json!({
            "schema_version": VERSION,
            "session_id": id,
            "state": State::Active,
            "root_seed": null,
            "spikes": [],
            "plan": null,
            "backlog": {"topic": null, "backlog_md": null, "tickets": []},
            "created": format_rfc3339(created),
            "updated": format_rfc3339(updated),
            "completed_at": null,
            "agentsess": {"title": null, "waivers": [], "stem": null},
        });
        Self::parse(format!("{record:#}\n"))
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// When the text is not a JSON object, has another version, or a field that is not what the
    /// format says.
    pub fn parse(text: String) -> Result<Self, Invalid> {
        let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let top = Object::parse(&text, Span::new(start, text.len()))?;
        match top.raw("schema_version") {
            Some("1") => {}
            Some(version) => {
                let version: String = version.chars().take(20).collect();
                let message = format!("`schema_version` is {version}, and only 1 can be read");
                return Err(Invalid::new(message));
            }
            None => return Err(Invalid::new("there is no `schema_version`: not a record")),
        }
        let id = top.text("session_id")?.unwrap_or_default();
        if !is_id(&id) {
            return Err(Invalid::new("`session_id` is missing or no file name"));
        }
        let state: State = top
            .raw("state")
            .and_then(|state| serde_json::from_str(state).ok())
            .ok_or_else(|| {
                Invalid::new("`state` is not one of active, completed, archived, error")
            })?;
        let backlog = top.object("backlog")?.unwrap_or_default();
        let own = top.object("agentsess")?.unwrap_or_default();
        let required = |key: &str| {
            let missing = || Invalid::new(format!("`{key}` is missing"));
            time(&top, key)?.ok_or_else(missing)
        };
        let (created, updated) = (required("created")?, required("updated")?);
        let failure = top.object("error")?.map(|error| Failure {
            // What others write here is shown and not worked with.
            message: error.text("message").ok().flatten().unwrap_or_default(),
            failed_at: error.text("failed_at").ok().flatten().unwrap_or_default(),
            tickets_created: error.texts("tickets_created").unwrap_or_default(),
        });
        let record = Self {
            id,
            state,
            planning: Planning {
                root_seed: top.text("root_seed")?,
                spikes: top.texts("spikes")?,
                plan: top.text("plan")?,
                backlog: Backlog {
                    topic: backlog.text("topic")?,
                    backlog_md: backlog.text("backlog_md")?,
                    tickets: backlog.texts("tickets")?,
                },
            },
            created,
            updated,
            completed_at: time(&top, "completed_at")?,
            failure,
            title: own.text("title")?,
            stem: own.text("stem")?,
            text: String::new(),
        };
        Ok(Self { text, ..record })
    }

    /// The record as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether closing the session failed, and nothing came of it since.
    pub fn is_failed(&self) -> bool {
        self.state == State::Error || (self.state == State::Active && self.failure.is_some())
    }

    /// Says what became of the session at an instant. An earlier failure is over then.
    ///
    /// # Errors
    ///
    /// When the text cannot be edited.
    pub fn set_state(&mut self, state: State, now: Timestamp) -> Result<(), Invalid> {
        let completed = (state == State::Completed).then_some(now);
        self.set(&["state"], &json!(state))?;
        if completed != self.completed_at {
            self.set(&["completed_at"], &json!(completed.map(format_rfc3339)))?;
        }
        if self.failure.is_some() {
            self.remove("error")?;
        }
        self.set_updated(now)
    }

    /// Says why the session could not be closed.
    ///
    /// # Errors
    ///
    /// As for [`Record::set_state`].
    pub fn set_failure(&mut self, failure: &Failure, now: Timestamp) -> Result<(), Invalid> {
        self.set(&["state"], &json!(State::Active))?;
        if self.completed_at.is_some() {
            self.set(&["completed_at"], &Value::Null)?;
        }
        self.set(&["error", "message"], &json!(failure.message))?;
        self.set(&["error", "failed_at"], &json!(failure.failed_at))?;
        let tickets = json!(failure.tickets_created);
        self.set(&["error", "tickets_created"], &tickets)?;
        self.set_updated(now)
    }

    /// Adds what a session says about its planning. Nothing that the record has is lost: values
    /// are replaced by those that are there, and lists grow.
    ///
    /// # Errors
    ///
    /// As for [`Record::set_state`].
    pub fn merge(&mut self, planning: &Planning) -> Result<(), Invalid> {
        for (path, value) in planning.values() {
            self.set(path.get(1..).unwrap_or(&[]), &json!(value))?;
        }
        let known = self.planning.clone();
        for ((path, own), (_, texts)) in known.lists().into_iter().zip(planning.lists()) {
            let mut all = own.to_vec();
            for text in texts {
                if !all.contains(text) {
                    all.push(text.clone());
                }
            }
            if all.len() > own.len() {
                self.set(path.get(1..).unwrap_or(&[]), &json!(all))?;
            }
        }
        Ok(())
    }

    /// Notes the session's file, its title, and what was waived when it was closed, each with the
    /// reason.
    ///
    /// # Errors
    ///
    /// As for [`Record::set_state`].
    pub fn set_own(
        &mut self,
        stem: &str,
        title: Option<&str>,
        waivers: Option<&[(String, String)]>,
    ) -> Result<(), Invalid> {
        if let Some(title) = title {
            self.set(&["agentsess", "title"], &json!(title))?;
        }
        if let Some(waivers) = waivers {
            let waivers = waivers
                .iter()
                .map(|(item, reason)| json!({"item": item, "reason": reason}));
            let waivers: Vec<Value> = waivers.collect();
            self.set(&["agentsess", "waivers"], &json!(waivers))?;
        }
        self.set(&["agentsess", "stem"], &json!(stem))
    }

    fn set_updated(&mut self, now: Timestamp) -> Result<(), Invalid> {
        if self.updated >= now {
            return Ok(());
        }
        self.set(&["updated"], &json!(format_rfc3339(now)))
    }

    /// Gives a field a value; where it has this value already, not a byte changes.
    fn set(&mut self, path: &[&str], value: &Value) -> Result<(), Invalid> {
        match json::set(&self.text, path, value, &FIELDS)? {
            Some(splice) => self.replace(splice),
            None => Ok(()),
        }
    }

    fn remove(&mut self, key: &str) -> Result<(), Invalid> {
        match json::remove(&self.text, key)? {
            Some(span) => self.replace((span, String::new())),
            None => Ok(()),
        }
    }

    fn replace(&mut self, (span, new): (Span, String)) -> Result<(), Invalid> {
        let mut text = self.text.clone();
        text.replace_range(span.start..span.end, &new);
        *self = Self::parse(text)?;
        Ok(())
    }
}

/// Whether this can be the name of a record's file.
pub fn is_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= ID_LIMIT
        && !id.starts_with('.')
        && !id.contains(|c: char| c.is_control() || matches!(c, '/' | '\\'))
}

/// The id of a session: `<seed>@YYYY-MM-DDTHH-MM-SSZ` from its seed and its creation, or the name
/// of its file without `.md` where it has no seed. A seed that is more than ASCII letters, digits,
/// `.`, `-` and `_` appears in it as a slug.
pub fn session_id(seed: Option<&str>, created: Timestamp, stem: &str) -> String {
    let Some(seed) = seed else {
        return stem.to_owned();
    };
    let plain = seed.len() <= SLUG_LIMIT
        && seed.starts_with(|c: char| c.is_ascii_alphanumeric())
        && seed
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    let seed = if plain {
        seed.to_owned()
    } else {
        slugify(seed)
    };
    format!("{seed}@{}", created.format("%Y-%m-%dT%H-%M-%SZ"))
}

fn time(object: &Object, key: &str) -> Result<Option<Timestamp>, Invalid> {
    let wrong = || Invalid::new(format!("`{key}` is not an RFC 3339 timestamp"));
    let text = object.text(key)?;
    text.map(|text| parse_rfc3339(&text).map(|time| time.at).ok_or_else(wrong))
        .transpose()
}
