//! Files the items, one after the other.

use super::super::Gate;
use super::super::finish::{changed, unchanged};
use super::super::ledger::{Ledger, Line, State};
use super::super::open::{self, Open};
use super::super::sink::{Issue, Outcome};
use super::answer;
use super::known::{Known, known};
use super::line::with_id;
use crate::document::secrets::redact;
use crate::document::time::Timestamp;
use crate::document::{Document, Source, insert};
use crate::error::{Error, Kind, Result};
use crate::operations::stem_of;
use crate::store::{Closing, Store};

/// The longest title of an issue, in characters.
const TITLE: usize = 200;

/// Files what is to be filed, and returns the session's bytes.
pub(in super::super) fn file(
    store: &Store,
    closing: &Closing,
    gate: &Gate,
    ledger: &mut Ledger,
    now: Timestamp,
) -> Result<Vec<u8>> {
    let Some(filing) = &gate.plan.filing else {
        return Ok(gate.bytes.clone());
    };
    let name = gate.session.as_str();
    let mut source = Source::new(gate.bytes.clone());
    loop {
        unchanged(store, name, source.bytes())?;
        let document = Document::parse(&source);
        let (known, _) = known(store, &document, ledger, filing.sink.as_ref());
        let Some((item, known)) = known.into_iter().next() else {
            break;
        };
        let key = item.key(store, &document);
        let id = match known {
            Known::Filed(id) => {
                ledger.save(store, closing, name)?;
                id
            }
            Known::Unknown(_) => return Err(Error::new(Kind::Unmet, "an item has come between")),
            Known::ToFile(number, id) => {
                let Some(sink) = &filing.sink else {
                    return Err(Error::new(Kind::Unmet, "an item has come between"));
                };
                let issue = issue(store, &document, &item);
                let taken = ids(ledger, &document);
                let id = match id {
                    Some(id) => Some(id),
                    None => sink.next_id(store, &taken)?,
                };
                let line = Line {
                    key: key.clone(),
                    title: issue.title.clone(),
                    sink: sink.name(),
                    state: State::Intent,
                    id: id.clone(),
                    error: None,
                };
                let number = ledger.put(number, line);
                ledger.save(store, closing, name)?;
                let mut before = ledger.before(store, closing, name);
                let stem = stem_of(name);
                let outcome = sink.file(store, stem, &issue, id.as_deref(), &mut before);
                drop(before);
                record(store, closing, name, ledger, number, outcome)?
            }
        };
        drop(document);
        let lock = store.lock()?;
        // Whatever else was written meanwhile, the id belongs on its line at once.
        let (same, new) = store.update(&lock, name, |found| {
            let document = filing.document();
            let new = with_id(store, name, found, &key, &id, document, now)?;
            Ok((Some(new.clone()), (found.bytes() == source.bytes(), new)))
        })?;
        if !same {
            return Err(changed(store, name));
        }
        source = Source::new(new);
    }
    Ok(source.into_bytes())
}

/// The ids that are taken, whether they are on their lines or not.
fn ids(ledger: &Ledger, document: &Document) -> Vec<String> {
    let lines = ledger.content.items.iter();
    let mut ids: Vec<_> = lines.filter_map(|line| line.id.clone()).collect();
    ids.extend(open::tickets(document));
    ids
}

/// Writes down how it went; an item that has no id now is an error. A document that could not be
/// written may have been: going on finds out, because the id is known.
fn record(
    store: &Store,
    closing: &Closing,
    name: &str,
    ledger: &mut Ledger,
    number: usize,
    outcome: Result<Outcome>,
) -> Result<String> {
    let mut kind = Kind::Unmet;
    let known = ledger.item(number).and_then(|line| line.id.clone());
    let (state, id, why, mut said) = match outcome {
        Ok(Outcome::Filed(id)) => (State::Filed, Some(id), None, Vec::new()),
        Ok(Outcome::Failed(why, said)) => (State::Failed, None, Some(why), said),
        Ok(Outcome::Unknown(why, said)) => (State::Intent, None, Some(why), said),
        Err(error) => {
            let remedy = error.hint.iter().cloned().collect();
            let state = if error.kind == Kind::Io {
                kind = Kind::Io;
                State::Intent
            } else {
                State::Failed
            };
            (state, None, Some(error.to_string()), remedy)
        }
    };
    let mut is_known = id.is_some();
    let mut what = format!("item {number}");
    if let Some(line) = ledger.item(number) {
        line.state = state;
        line.id = id.clone().or(known.filter(|_| kind == Kind::Io));
        is_known = line.id.is_some();
        line.error.clone_from(&why);
        what = format!("{what}, `{}`: `{}`", line.title, line.sink);
    }
    let saved = ledger.save(store, closing, name);
    if kind != Kind::Io {
        saved?;
    }
    id.ok_or_else(|| {
        let why = why.unwrap_or_default();
        let mut error = Error::new(kind, format!("{what} {why}"));
        error.details.append(&mut said);
        if state == State::Intent && !is_known {
            error.details.push(format!(
                "whether it was created is not known: look, then say `{}`, or `--refile {number}` \
                 if it was not",
                answer(number)
            ));
        }
        error
    })
}

/// The issue for an item.
fn issue(store: &Store, document: &Document, item: &Open) -> Issue {
    let plain = |text: &str| -> String {
        let text = redact(text).0.into_owned();
        text.chars()
            .filter(|c| !c.is_control() || *c == '\n')
            .collect()
    };
    let short = |text: &str| -> String { insert::line(&plain(text)).chars().take(TITLE).collect() };
    let (words, below) = item.words(store, document);
    let (words, below) = (plain(words), plain(&below));
    let mut title = short(&words);
    let body = format!("{}\n\n{below}", words.trim());
    let body = body.trim_end();
    // What a line cannot hold is said below it as well.
    let block = words.contains('\n') && item.is_block(document);
    let details = if block || title != insert::line(&words) {
        body
    } else {
        below.as_str()
    };
    let details = details.to_owned();
    if title.starts_with('-') {
        // No program takes it for an option then.
        title = format!("\"{title}\"");
    }
    let session = document.frontmatter.title().unwrap_or("a session");
    let mut from = insert::line(&plain(&format!("{session}, {}", item.section)));
    if let Some(parent) = item.parent(document) {
        from = format!("{from}: {}", short(parent));
    }
    Issue {
        title,
        body: format!("{body}\n\nLeft over from: {from}\n"),
        details,
        from,
    }
}
