//! Links a session to where its work came from and to where what remains of it went.

use std::path::Path;

use serde::Serialize;

use super::{Guard, Written, apply, updated};
use crate::document::time::Timestamp;
use crate::document::{Backlog, Document, Edit, Planning, Scalar, Source, insert};
use crate::error::{Error, Result};
use crate::store::Store;

/// What a session is linked to: values are set, and lists grow by what is not in them yet.
#[derive(Debug, Default)]
pub struct Request<'r> {
    /// The idea the work grew from.
    pub seed: Option<&'r str>,
    /// Spikes made for it.
    pub spikes: &'r [String],
    /// Its plan.
    pub plan: Option<&'r str>,
    /// Ids of what was filed.
    pub tickets: &'r [String],
    /// The topic it was filed under.
    pub backlog_topic: Option<&'r str>,
    /// The file it was filed in, as the user wrote its path.
    pub backlog_md: Option<&'r Path>,
    /// Write secrets as they are.
    pub allow_secret: bool,
}

/// What came of linking.
#[derive(Debug, Serialize)]
pub struct Linked {
    /// The write.
    #[serde(flatten)]
    pub written: Written,
    /// Whether the session said anything less before.
    pub changed: bool,
    /// All links that it has now.
    pub planning: Planning,
}

/// Links a session, in one write or, where it has all of this, in none.
///
/// # Errors
///
/// When there is nothing to link, a text is empty, the backlog file is outside of the project, or
/// the file cannot be edited or written.
pub fn link(store: &Store, name: &str, request: &Request, now: Timestamp) -> Result<Linked> {
    let links = links(store, request)?;
    let lock = store.lock()?;
    store.update(&lock, name, |source| {
        let document = Document::parse(source);
        let guard = Guard::new(request.allow_secret);
        let edits = links.edits(&document.frontmatter);
        let linked = Source::new(apply(store, name, &document, &edits, &guard)?);
        let changed = linked.bytes() != source.bytes();
        let after = Document::parse(&linked);
        let updated = updated(&document, now);
        let edit = Edit::Set {
            path: &["session", "last_updated"],
            value: Scalar::Text(&updated),
        };
        let bytes = changed
            .then(|| apply(store, name, &after, &[edit], &guard))
            .transpose()?;
        let linked = Linked {
            written: Written::new(name, now, &document, &after, &guard),
            changed,
            planning: Planning::of(&after.frontmatter),
        };
        Ok((bytes, linked))
    })
}

fn links(store: &Store, request: &Request) -> Result<Planning> {
    let text = |option: &str, value: &str| {
        let value = insert::line(value);
        if value.is_empty() {
            return Err(Error::usage(format!("`{option}` is empty")).hint("agentsess help link"));
        }
        Ok(value)
    };
    let optional = |option, value: Option<&str>| value.map(|value| text(option, value)).transpose();
    let all = |option, values: &[String]| -> Result<Vec<String>> {
        values.iter().map(|value| text(option, value)).collect()
    };
    let backlog_md = request.backlog_md.map(|path| backlog_file(store, path));
    let links = Planning {
        root_seed: optional("--seed", request.seed)?,
        spikes: all("--spike", request.spikes)?,
        plan: optional("--plan", request.plan)?,
        backlog: Backlog {
            topic: optional("--backlog-topic", request.backlog_topic)?,
            backlog_md: backlog_md.transpose()?,
            tickets: all("--ticket", request.tickets)?,
        },
    };
    if links == Planning::default() {
        return Err(Error::usage("nothing to link was given").hint("agentsess help link"));
    }
    Ok(links)
}

/// The path relative to the root. The file need not exist.
fn backlog_file(store: &Store, path: &Path) -> Result<String> {
    let hint = "agentsess link --backlog-md docs/backlog.md";
    let relative = store.from_root(path).map_err(|error| error.hint(hint))?;
    if !store.leads_inside(&store.root.join(&relative)) {
        return Err(Error::usage("this path is a link out of the project")
            .at(path, None)
            .hint(hint));
    }
    match relative.to_str().map(insert::line) {
        Some(text) if !text.is_empty() && Path::new(&text) == relative => Ok(text),
        _ => Err(Error::usage("this path cannot be written down on one line")
            .at(path, None)
            .hint(hint)),
    }
}
