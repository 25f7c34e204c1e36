//! What a stopped close and the caller know about the items that bear no id.

use super::super::Request;
use super::super::ledger::{Ledger, Line, State};
use super::super::open::{self, Open};
use super::super::sink::{self, Sink};
use super::BLANK;
use crate::document::{Document, insert};
use crate::error::{Error, Result};
use crate::store::Store;

/// What is known about an item without an id.
pub(super) enum Known {
    /// Its issue has this id.
    Filed(String),
    /// Its issue may exist.
    Unknown(usize),
    /// It has no issue: of this number in the ledger, with an id chosen already.
    ToFile(Option<usize>, Option<String>),
}

/// What the ledger knows about each of the items without an id, in order; and the numbers of the
/// intents whose item has been reworded or is gone.
pub(super) fn known(
    store: &Store,
    document: &Document,
    ledger: &Ledger,
    sink: Option<&Sink>,
) -> (Vec<(Open, Known)>, Vec<usize>) {
    let items = open::items(document);
    let (filed, rest): (Vec<_>, Vec<_>) = items
        .into_iter()
        .partition(|item| item.id(store, document).is_some());
    let ids: Vec<_> = filed
        .iter()
        .filter_map(|item| item.id(store, document))
        .collect();
    let mut lines: Vec<(usize, &Line)> = ledger.content.items.iter().enumerate().collect();
    lines.retain(|(_, line)| {
        let done = line.id.as_deref().is_some_and(|id| ids.contains(&id));
        line.state != State::Filed || !done
    });
    let sink = sink.map(Sink::name);
    let known = rest.into_iter().map(|item| {
        let key = item.key(store, document);
        let line = lines.iter().position(|(_, line)| line.key == key);
        let Some((index, line)) = line.map(|at| lines.remove(at)) else {
            return (item, Known::ToFile(None, None));
        };
        let number = index + 1;
        let known = match (line.state, &line.id) {
            (State::Filed, Some(id)) => Known::Filed(id.clone()),
            (State::Intent, Some(id)) if sink.as_ref() == Some(&line.sink) => {
                Known::ToFile(Some(number), Some(id.clone()))
            }
            (State::Intent, _) => Known::Unknown(number),
            (State::Filed | State::Failed, _) => Known::ToFile(Some(number), None),
        };
        (item, known)
    });
    let known = known.collect();
    let intents = lines.iter().filter(|(_, line)| line.state == State::Intent);
    (known, intents.map(|(index, _)| index + 1).collect())
}

/// The ledger with what the caller says about its intents.
pub(in super::super) fn told(store: &Store, name: &str, request: &Request) -> Result<Ledger> {
    let mut ledger = Ledger::load(store, name)?;
    let refile = request.refile.iter().map(|item| (item, None));
    let filed = request.filed.iter().map(|(item, id)| (item, Some(id)));
    for (wanted, id) in filed.chain(refile) {
        let refused = |message: String, details| {
            let mut rest = request.clone();
            rest.filed.retain(|(item, _)| item != wanted);
            rest.refile.retain(|item| item != wanted);
            let mut error = Error::usage(message);
            error.details = details;
            Err(error.hint(format!("{} --dry-run", rest.command(store, name))))
        };
        let number = match meant(&ledger, wanted, id).as_slice() {
            [(number, _)] => *number,
            [] => {
                let message = format!("`{wanted}` was not being filed when a close was stopped");
                return refused(message, Vec::new());
            }
            several => {
                let items = several.iter();
                let items = items.map(|(number, line)| format!("item {number}: {}", line.title));
                let message = format!("`{wanted}` fits {} items; say which number", several.len());
                return refused(message, items.collect());
            }
        };
        if let Some(id) = id.filter(|id| !sink::is_id(id) || *id == BLANK) {
            return refused(format!("`{id}` is no id of item {number}"), Vec::new());
        }
        let Some(line) = ledger.item(number) else {
            continue;
        };
        match id {
            Some(id) => {
                line.state = State::Filed;
                line.id = Some(id.clone());
            }
            // Filed already, and said so twice.
            None if line.state == State::Filed => {}
            None => {
                line.state = State::Failed;
                line.id = None;
            }
        }
    }
    Ok(ledger)
}

/// The items that `wanted` means, by number, or else by id or title, or else by a part of the
/// title. By their words only those are found of which it is not known whether they were filed, and
/// those of which the same was said before.
fn meant<'l>(ledger: &'l Ledger, wanted: &str, id: Option<&String>) -> Vec<(usize, &'l Line)> {
    let open = |line: &Line| match line.state {
        State::Intent => true,
        State::Filed => id.is_some() && line.id.as_ref() == id,
        State::Failed => false,
    };
    let (title, part) = (insert::line(wanted), wanted.trim().to_lowercase());
    let lines = || (1..).zip(&ledger.content.items);
    let by_number = lines()
        .filter(|(number, line)| line.state != State::Failed && wanted.parse() == Ok(*number));
    let exact = lines().filter(|(_, line)| {
        open(line) && (line.title == title || line.id.as_deref() == Some(wanted))
    });
    let partly = lines().filter(|(_, line)| {
        open(line) && !part.is_empty() && line.title.to_lowercase().contains(&part)
    });
    let ways: [Vec<_>; 3] = [by_number.collect(), exact.collect(), partly.collect()];
    let found = ways.into_iter().find(|found| !found.is_empty());
    found.unwrap_or_default()
}
