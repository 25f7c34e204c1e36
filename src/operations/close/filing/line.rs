//! The id of an item, put on its line.

use std::path::Path;

use super::super::Subject;
use super::super::open::{self, Open};
use super::super::sink::Sink;
use super::known::Known;
use crate::document::time::Timestamp;
use crate::document::{Document, Edit, Scalar, Source, Span};
use crate::error::{Error, Kind, Result};
use crate::operations::{Guard, apply, slug_of, updated};
use crate::store::Store;

/// Puts an id on every line, in memory only, so that what cannot be written is noticed before
/// anything is created.
pub(super) fn rehearse(subject: &Subject, known: &[(Open, Known)], sink: &Sink) -> Result<()> {
    let Subject {
        store,
        name,
        document,
        now,
    } = *subject;
    let mut source = Source::new(document.source().bytes().to_vec());
    for (number, (item, _)) in known.iter().enumerate() {
        let key = item.key(store, document);
        let id = format!("AS-{number}");
        source = Source::new(with_id(
            store,
            name,
            &source,
            &key,
            &id,
            sink.document(),
            now,
        )?);
    }
    Ok(())
}

/// The session with an id on the line of the first item of this key that has none, and among the
/// tickets.
pub(super) fn with_id(
    store: &Store,
    name: &str,
    source: &Source,
    key: &str,
    id: &str,
    backlog: Option<&Path>,
    now: Timestamp,
) -> Result<Vec<u8>> {
    let at = store.shown(&store.path(name));
    let document = Document::parse(source);
    let unfiled = |document: &Document| -> Vec<Open> {
        let items = open::items(document).into_iter();
        items
            .filter(|item| item.id(store, document).is_none())
            .collect()
    };
    let items = unfiled(&document);
    let Some(item) = items.iter().find(|item| item.key(store, &document) == key) else {
        return Err(Error::new(
            Kind::Unmet,
            format!("the item that was filed as {id} is gone"),
        )
        .at(&at, None));
    };
    let by_hand = |message: String, help: String| {
        let position = document.position(item.span.start);
        Error::usage(format!("`{id}` cannot be put on this line: {message}"))
            .at(&at, Some(position))
            .hint(help)
    };
    let opening = if item.is_block(&document) {
        let line_break = document.line_break();
        format!("{id} - as follows{line_break}{line_break}")
    } else {
        format!("{id} - ")
    };
    let patched = document.patch(&[(Span::at(item.span.start), opening)]);
    let patched = patched.map_err(|error| by_hand(error.message, error.help))?;
    let patched = Source::new(patched);
    let with_line = Document::parse(&patched);
    let last_updated = updated(&document, now);
    let slug = slug_of(name);
    let topic = document
        .frontmatter
        .text(&["planning", "root_seed"])
        .unwrap_or(slug);
    let backlog = backlog.map(|path| path.display().to_string());
    let mut edits = vec![Edit::Include {
        path: &["planning", "backlog", "tickets"],
        text: id,
    }];
    let absent = |path: &[&str]| document.frontmatter.text(path).is_none();
    if absent(&["planning", "backlog", "topic"]) {
        edits.push(Edit::Set {
            path: &["planning", "backlog", "topic"],
            value: Scalar::Text(topic),
        });
    }
    if let Some(backlog) = backlog.as_deref()
        && absent(&["planning", "backlog", "backlog_md"])
    {
        edits.push(Edit::Set {
            path: &["planning", "backlog", "backlog_md"],
            value: Scalar::Text(backlog),
        });
    }
    edits.push(Edit::Set {
        path: &["session", "last_updated"],
        value: Scalar::Text(&last_updated),
    });
    let new = apply(store, name, &with_line, &edits, &Guard::default())?;
    let new = Source::new(new);
    let after = Document::parse(&new);
    if unfiled(&after).len() + 1 != items.len() {
        let hint = format!("write `{id} - ` before its text, then run the command again");
        return Err(by_hand(
            "it would not be read as an id there".to_owned(),
            hint,
        ));
    }
    drop(after);
    Ok(new.into_bytes())
}
