//! Sets one key of a session.

use std::collections::BTreeSet;

use super::runs::refuse_running;
use super::write::write;
use super::{Issue, Written, slug_of, stem_of};
use crate::document::time::Timestamp;
use crate::document::{Document, Edit, Scalar, Status, insert};
use crate::error::{Error, Result, nearest};
use crate::shell;
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

/// Sets `key` to `value`. An empty value removes a key that is not required. What is called as a `run`
/// may complete the session that this runs on.
///
/// # Errors
///
/// Of kind [`Kind::Unmet`](crate::error::Kind::Unmet) when it is to be completed and agents run on it.
/// When the key is unknown or written by the tool alone, the value does not fit, the parent is not
/// there or continues this session, or the file cannot
/// be edited or written.
pub fn set(
    store: &Store,
    name: &str,
    key: &str,
    value: &str,
    allow_secret: bool,
    run: Option<&str>,
    now: Timestamp,
) -> Result<Written> {
    let plain = key.rsplit('.').next().unwrap_or(key);
    let path = KEYS.iter().find(|(name, _)| *name == plain);
    let path = path
        .map(|(_, path)| *path)
        .ok_or_else(|| unknown(name, key, value))?;
    let value = insert::line(value);
    let status = (plain == "status")
        .then(|| status(name, &value))
        .transpose()?;
    if status == Some(Status::Completed) {
        refuse_running(store, name, run)?;
    }
    let required = matches!(plain, "title" | "status" | "current" | "current_task");
    if value.is_empty() && required {
        return Err(Error::usage(format!("`{plain}` must not be empty"))
            .hint(format!("agentsess show {}", store.selector(name))));
    }
    let value = if plain == "parent" && !value.is_empty() {
        parent(store, name, &value)?
    } else {
        value
    };
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

/// The stem of the session that `selector` means, unless that continues this one.
fn parent(store: &Store, name: &str, selector: &str) -> Result<String> {
    let parent = store.select(selector, None)?;
    let mut seen = BTreeSet::new();
    let mut next = Some(parent.clone());
    while let Some(ancestor) = next.take() {
        if ancestor == name {
            let error = Error::usage(if parent == name {
                "a session does not continue itself".to_owned()
            } else {
                format!("`{}` continues this session", slug_of(&parent))
            });
            return Err(error.hint(format!("agentsess show {}", slug_of(&parent))));
        }
        if let Ok(source) = store.read(&ancestor) {
            let document = Document::parse(&source);
            let stem = document.frontmatter.text(&["session", "parent"]);
            next = stem.map(|stem| format!("{}.md", stem_of(stem)));
        }
        if !seen.insert(ancestor) {
            break;
        }
    }
    Ok(stem_of(&parent).to_owned())
}

fn status(name: &str, value: &str) -> Result<Status> {
    Status::parse(value).ok_or_else(|| {
        let error = Error::usage(format!(
            "`{value}` is not a status; it is one of in_progress, paused, completed"
        ));
        match Status::guess(value) {
            Some(status) => error.hint(format!(
                "agentsess set status {} -s {}",
                status.as_str(),
                slug_of(name)
            )),
            None => error.hint("agentsess set --help"),
        }
    })
}

fn unknown(name: &str, key: &str, value: &str) -> Error {
    if matches!(key, "created" | "last_updated" | "state_recorded") {
        return Error::usage(format!("`{key}` is written by the tool alone"))
            .hint("agentsess help set");
    }
    let names = || KEYS.iter().map(|(name, _)| *name);
    let error = Error::usage(format!(
        "`{key}` cannot be set; choose one of {}",
        names().collect::<Vec<_>>().join(", ")
    ));
    match nearest(key, names()) {
        Some(near) => error.hint(format!(
            "agentsess set {near} {} -s {}",
            shell::word(value),
            slug_of(name)
        )),
        None => error.hint("agentsess set --help"),
    }
}

/// The command that reopens a session.
pub(super) fn reopen(selector: &str) -> String {
    format!("agentsess set status in_progress -s {selector}")
}
