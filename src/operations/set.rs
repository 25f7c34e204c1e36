//! Sets one key of a session.

use super::write::write;
use super::{Issue, Written};
use crate::document::time::Timestamp;
use crate::document::{Edit, Scalar, Status, insert};
use crate::error::{Error, Result};
use crate::store::Store;

/// The names that `set` takes and the key each stands for. `issue` chooses its key by the value.
pub const KEYS: &[(&str, &[&str])] = &[
    ("title", &["session", "title"]),
    ("status", &["session", "status"]),
    ("current", &["orchestration", "current_task"]),
    ("current_task", &["orchestration", "current_task"]),
    ("issue", &["session", "issue"]),
    ("linear_issue", &["session", "linear_issue"]),
    ("linear_url", &["session", "linear_url"]),
    ("branch", &["session", "branch"]),
    ("parent", &["session", "parent"]),
];

/// Sets `key` to `value`. An empty value removes a key that is not required.
///
/// # Errors
///
/// When the key is unknown or written by the tool alone, the value does not fit, or the file cannot
/// be edited or written.
pub fn set(
    store: &Store,
    name: &str,
    key: &str,
    value: &str,
    allow_secret: bool,
    now: Timestamp,
) -> Result<Written> {
    let plain = key.rsplit('.').next().unwrap_or(key);
    let path = KEYS.iter().find(|(name, _)| *name == plain);
    let path = path.map(|(_, path)| *path).ok_or_else(|| unknown(key))?;
    let value = insert::line(value);
    let status = (plain == "status").then(|| status(&value)).transpose()?;
    let required = matches!(plain, "title" | "status" | "current" | "current_task");
    if value.is_empty() && required {
        return Err(Error::usage(format!("`{plain}` must not be empty"))
            .hint(format!("agentsess show {}", store.selector(name))));
    }
    let issue =
        (plain == "issue" && !value.is_empty()).then(|| Issue::parse(&value, &store.config));

    write(store, name, allow_secret, now, |revision| {
        let scalar = match status {
            Some(status) => Scalar::Word(status.as_str()),
            None => Scalar::Text(&value),
        };
        let fields = issue.as_ref().map(Issue::fields).unwrap_or_default();
        let mut edits = Vec::new();
        if plain == "title" && revision.document.body.title().is_some() {
            edits.push(Edit::Title(&value));
        }
        for (path, value) in &fields {
            let value = Scalar::Text(value);
            edits.push(Edit::Set { path, value });
        }
        if plain == "issue" {
            // A session has one issue: what named another one goes.
            let stale = Issue::KEYS
                .iter()
                .filter(|key| fields.iter().all(|(own, _)| own != *key));
            edits.extend(stale.map(|path| Edit::Remove { path }));
        } else if value.is_empty() {
            edits.push(Edit::Remove { path });
        } else {
            edits.push(Edit::Set {
                path,
                value: scalar,
            });
        }
        revision.apply(edits, None).map(Some)
    })
}

fn status(value: &str) -> Result<Status> {
    Status::parse(value).ok_or_else(|| {
        let error = Error::usage(format!(
            "`{value}` is not a status; it is one of in_progress, paused, completed"
        ));
        match Status::guess(value) {
            Some(status) => error.hint(format!("agentsess set status {}", status.as_str())),
            None => error.hint("agentsess set --help"),
        }
    })
}

fn unknown(key: &str) -> Error {
    if matches!(key, "created" | "last_updated" | "state_recorded") {
        return Error::usage(format!("`{key}` is written by the tool alone"))
            .hint("agentsess log \"What happened\"");
    }
    let names = || KEYS.iter().map(|(name, _)| *name);
    let near = names()
        .max_by(|a, b| strsim::jaro_winkler(key, a).total_cmp(&strsim::jaro_winkler(key, b)));
    let error = Error::usage(format!(
        "`{key}` cannot be set; choose one of {}",
        names().collect::<Vec<_>>().join(", ")
    ));
    match near.filter(|near| strsim::jaro_winkler(key, near) > 0.8) {
        Some(near) => error.hint(format!("agentsess set {near} VALUE")),
        None => error.hint("agentsess set --help"),
    }
}

/// The command that reopens a session.
pub(super) fn reopen(selector: &str) -> String {
    format!("agentsess set status in_progress -s {selector}")
}
