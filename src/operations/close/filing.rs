//! `--file-remaining`: an issue for each open item that bears no id, exactly once as far as the
//! world allows.
//!
//! Before an issue is created an intent is written down and synced; once its id is known, first
//! that, then, in one write of the session, the id on the item's line and among the tickets. A
//! close that is killed at any point leaves an item that is not begun, one that is done, or an
//! intent: whether that issue exists only a person can find out, and is asked to say.

use std::path::Path;

use serde::Serialize;

use super::finish::{changed, unchanged};
use super::gate::Plan;
use super::items::verdict;
use super::ledger::{Ledger, Line, State};
use super::open::{self, Open};
use super::sink::{self, Issue, Outcome, Sink};
use super::{Check, Gate, Item, Request, Subject, Verdict};
use crate::document::secrets::redact;
use crate::document::time::Timestamp;
use crate::document::{Document, Edit, Scalar, Source, Span, insert};
use crate::error::{Error, Kind, Result};
use crate::operations::{Guard, apply, counted, slug_of, stem_of, updated};
use crate::shell;
use crate::store::{Closing, Store};

/// The longest title of an issue, in characters.
const TITLE: usize = 200;

/// Work that was filed.
#[derive(Debug, Clone, Serialize)]
pub struct Filed {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Where it was filed.
    pub sink: String,
}

/// What is to be filed, and where.
#[derive(Debug)]
pub(super) struct Filing {
    sink: Option<Sink>,
}

impl Filing {
    /// The project's document that it writes to.
    pub fn document(&self) -> Option<&Path> {
        self.sink.as_ref()?.document()
    }
}

/// What is known about an item without an id.
enum Known {
    /// Its issue has this id.
    Filed(String),
    /// Its issue may exist.
    Unknown(usize),
    /// It has no issue: of this number in the ledger, with an id chosen already.
    ToFile(Option<usize>, Option<String>),
}

/// What the ledger knows about each of the items without an id, in order; and the numbers of the
/// intents whose item has been reworded or is gone.
fn known(
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
fn told(store: &Store, name: &str, request: &Request) -> Result<Ledger> {
    let mut ledger = Ledger::load(store, name)?;
    let refile = request.refile.iter().map(|item| (*item, None));
    let filed = request.filed.iter().map(|(item, id)| (*item, Some(id)));
    for (number, id) in filed.chain(refile) {
        let hint = format!("agentsess close {} --dry-run", shell::word(slug_of(name)));
        let line = ledger
            .item(number)
            .filter(|line| line.state != State::Failed);
        let Some(line) = line else {
            let message = format!("item {number} was not being filed when a close was stopped");
            return Err(Error::usage(message).hint(hint));
        };
        match id {
            Some(id) if !sink::is_id(id) || id == BLANK => {
                return Err(Error::usage(format!("`{id}` is no id of item {number}")).hint(hint));
            }
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

/// Stands for the id in a command that is shown, and is refused as one.
const BLANK: &str = "ID";

/// Whether everything open bears an id or is going to.
pub(super) fn plan(subject: &Subject, request: &Request, plan: &mut Plan) -> Result<Check> {
    let Subject {
        store,
        name,
        document,
        ..
    } = *subject;
    let asked = request.file_remaining.as_deref();
    let sink = asked
        .map(|sink| Sink::resolve(store, name, sink))
        .transpose()?;
    let ledger = told(store, name, request)?;
    let open = open::items(document).len();
    let (known, orphans) = known(store, document, &ledger, sink.as_ref());
    if known.is_empty() {
        let note = match open {
            0 => "nothing is open".to_owned(),
            open => format!("{}, each with an issue id", counted(open, "open item")),
        };
        return Ok(verdict(Item::Remaining, Verdict::Proven, note, Vec::new()));
    }
    let unmet = |note: String, details, remedy: String| {
        Ok(Check {
            remedy: Some(remedy),
            ..verdict(Item::Remaining, Verdict::Unmet, note, details)
        })
    };
    let lines = &ledger.content.items;
    let mut unknown: Vec<usize> = known
        .iter()
        .filter_map(|(_, known)| match known {
            Known::Unknown(number) => Some(*number),
            _ => None,
        })
        .collect();
    let matched = unknown.len();
    unknown.extend(orphans);
    if !unknown.is_empty() {
        return Ok(stopped(lines, &unknown, matched, asked, plan));
    }
    let shown = store.shown(&store.path(name));
    let to_file = known
        .iter()
        .filter(|(_, known)| matches!(known, Known::ToFile(..)));
    let details: Vec<_> = to_file
        .map(|(item, _)| {
            let (line, column) = document.position(item.span.start);
            let text = item.span.of(document.text).lines().next().unwrap_or("");
            format!("{}:{line}:{column}: {text}", shown.display())
        })
        .collect();
    if let (Some(sink), false) = (&sink, details.is_empty()) {
        if let Sink::Program(external, _) = sink {
            request.require_trust(store, external)?;
        }
        rehearse(subject, &known, sink)?;
    } else if !details.is_empty() {
        let note = format!(
            "{} of {} without an issue id; write `ID - text`, or tick what is done",
            details.len(),
            counted(open, "open item")
        );
        let before = lines.last().map(|line| line.sink.as_str());
        let backlog = || {
            document
                .frontmatter
                .text(&["planning", "backlog", "backlog_md"])
        };
        let sink = before.or_else(backlog).map(shell::word);
        let sink = sink.unwrap_or_else(|| sink::default(store));
        return unmet(note, details, format!("--file-remaining {sink}"));
    }
    let note = match &sink {
        Some(sink) if !details.is_empty() => {
            format!(
                "{} will be filed with {}",
                counted(details.len(), "item"),
                sink.name()
            )
        }
        _ => format!(
            "{} will get the id it was filed under",
            counted(known.len(), "item")
        ),
    };
    plan.filing = Some(Filing { sink });
    Ok(verdict(Item::Remaining, Verdict::Planned, note, details))
}

/// The verdict where a stopped close leaves a question.
///
/// Of the `unknown` items the first `matched` are in the session.
fn stopped(
    lines: &[Line],
    unknown: &[usize],
    matched: usize,
    asked: Option<&str>,
    plan: &mut Plan,
) -> Check {
    let lines = unknown
        .iter()
        .filter_map(|number| Some((*number, lines.get(number - 1)?)));
    let lines: Vec<_> = lines.collect();
    let titles = lines
        .iter()
        .map(|(number, line)| (*number, line.title.clone()));
    plan.stopped = titles.collect();
    let details = lines.iter().enumerate().map(|(at, (number, line))| {
        let Line { title, sink, .. } = line;
        let gone = if at < matched {
            ""
        } else {
            ", not in the session as it was: if it was filed, write its id before its new text"
        };
        format!("item {number}: {title} ({sink}){gone}")
    });
    let flags = lines
        .iter()
        .map(|(number, _)| format!("--filed {number}={BLANK}"));
    let mut remedy: Vec<_> = flags.collect();
    if let (None, Some((_, first))) = (asked, lines.first()) {
        remedy.insert(0, format!("--file-remaining {}", shell::word(&first.sink)));
    }
    let note = format!(
        "{} may have been filed already; look, then say `--filed ITEM={BLANK}`, or `--refile \
         ITEM` if it was not",
        counted(lines.len(), "item")
    );
    Check {
        remedy: Some(remedy.join(" ")),
        ..verdict(Item::Remaining, Verdict::Unmet, note, details.collect())
    }
}

/// Puts an id on every line, in memory only, so that what cannot be written is noticed before
/// anything is created.
fn rehearse(subject: &Subject, known: &[(Open, Known)], sink: &Sink) -> Result<()> {
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

/// Files what is to be filed. Returns what the ledger has filed, and the session's bytes.
pub(super) fn file(
    store: &Store,
    closing: &Closing,
    gate: &Gate,
    filing: &Filing,
    request: &Request,
    now: Timestamp,
) -> Result<(Vec<Filed>, Vec<u8>)> {
    let name = gate.session.as_str();
    let mut source = Source::new(gate.bytes.clone());
    let mut ledger = told(store, name, request)?;
    loop {
        unchanged(store, name, source.bytes())?;
        let document = Document::parse(&source);
        let (known, _) = known(store, &document, &ledger, filing.sink.as_ref());
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
                let issue = issue(&document, &item);
                let taken = ids(&ledger, &document);
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
                let mut before = ledger.before(store, closing, name, request.commit);
                let stem = stem_of(name);
                let outcome = sink.file(store, stem, &issue, id.as_deref(), &mut before);
                drop(before);
                record(store, closing, name, &mut ledger, number, outcome)
                    .map_err(|error| explained(error, gate, request, &ledger, number))?
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
    let lines = ledger.content.items.into_iter();
    let filed = lines.filter(|line| line.state == State::Filed);
    let filed = filed.filter_map(|line| {
        Some(Filed {
            id: line.id?,
            title: line.title,
            sink: line.sink,
        })
    });
    Ok((filed.collect(), source.into_bytes()))
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
            kind = error.kind;
            let remedy = error.hint.iter().cloned().collect();
            let state = match kind {
                Kind::Io => State::Intent,
                _ => State::Failed,
            };
            (state, None, Some(error.to_string()), remedy)
        }
    };
    if let Some(line) = ledger.item(number) {
        line.state = state;
        line.id = id.clone().or(known.filter(|_| kind == Kind::Io));
        line.error.clone_from(&why);
    }
    let saved = ledger.save(store, closing, name);
    if kind != Kind::Io {
        saved?;
    }
    id.ok_or_else(|| {
        let mut error = Error::new(kind, why.unwrap_or_default());
        error.details.append(&mut said);
        error
    })
}

/// The failure of one item, with what was filed before it and how to go on.
fn explained(
    mut error: Error,
    gate: &Gate,
    request: &Request,
    ledger: &Ledger,
    number: usize,
) -> Error {
    let lines = &ledger.content.items;
    let Some(line) = lines.get(number - 1) else {
        return error;
    };
    let filed: Vec<_> = lines
        .iter()
        .filter(|line| line.state == State::Filed)
        .filter_map(|line| line.id.as_deref())
        .collect();
    let unknown = line.state == State::Intent && line.id.is_none();
    error.message = format!(
        "item {number}, `{}`: `{}` {}; {} filed, nothing is deleted",
        line.title,
        line.sink,
        error.message,
        match filed.as_slice() {
            [] => "none".to_owned(),
            filed => filed.join(", "),
        }
    );
    let mut command = gate.command(request);
    if unknown {
        error.details.push(format!(
            "whether it was created is not known: look, then say `--filed {number}={BLANK}`, or \
             `--refile {number}` if it was not"
        ));
        command = format!("{command} --filed {number}={BLANK}");
    }
    error.hint(command)
}

/// The issue for an item.
fn issue(document: &Document, item: &Open) -> Issue {
    let plain = |text: &str| -> String {
        let text = redact(text).0.into_owned();
        text.chars()
            .filter(|c| !c.is_control() || *c == '\n')
            .collect()
    };
    let text = item.span.of(document.text);
    let mut title: String = insert::line(&plain(text)).chars().take(TITLE).collect();
    if title.starts_with('-') {
        // No program takes it for an option then.
        title = format!("\"{title}\"");
    }
    let session = document.frontmatter.title().unwrap_or("a session");
    let from = insert::line(&plain(&format!("{session}, {}", item.section)));
    Issue {
        title,
        body: format!("{}\n\nLeft over from: {from}\n", plain(text).trim()),
        from,
    }
}

/// The session with an id on the line of the first item of this key that has none, and among the
/// tickets.
fn with_id(
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
        .at(&at, None)
        .hint("run the command again"));
    };
    let by_hand = |message: String, help: String| {
        let position = document.position(item.span.start);
        Error::usage(format!("`{id}` cannot be put on this line: {message}"))
            .at(&at, Some(position))
            .hint(help)
    };
    // A block of code or a quote does not begin with an id.
    let opening = if document.body.verbatim_at(item.span.start).is_some() {
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
