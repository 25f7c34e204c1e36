//! The files that are planned about, as they are and as they are to be.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Change;
use super::block::{self, Comment};
use super::catalog::{CODEX_CONFIG, COPILOT_HOOKS, Content, Item};
use super::json::{self, Entry, Fault, State};
use crate::config;
use crate::error::{Error, Result};
use crate::shell;
use crate::store::Store;

/// All of them.
pub(super) struct Files<'s> {
    store: &'s Store,
    files: BTreeMap<String, File>,
}

struct File {
    path: PathBuf,
    old: Option<Vec<u8>>,
    /// Without a byte order mark.
    text: Option<String>,
    mark: &'static str,
    executable: bool,
}

impl<'s> Files<'s> {
    pub(super) fn new(store: &'s Store) -> Self {
        Self {
            store,
            files: BTreeMap::new(),
        }
    }

    fn file(&mut self, path: &str) -> Result<&mut File> {
        let store = self.store;
        match self.files.entry(path.to_owned()) {
            Slot::Occupied(found) => Ok(found.into_mut()),
            Slot::Vacant(new) => Ok(new.insert(File::read(store, path)?)),
        }
    }

    pub(super) fn put(&mut self, item: &Item, notes: &mut Vec<String>) -> Result<()> {
        let store = self.store;
        let file = self.file(&item.path)?;
        let shown = store.shown(&file.path).display().to_string();
        match &item.content {
            Content::Json { entries, seed } => {
                let before = file.text.clone();
                for entry in entries {
                    let text = file.text.as_deref().unwrap_or_default();
                    let state = json::state(text, entry).or_else(|fault| match text.trim() {
                        "" => Ok(State::Absent),
                        _ => Err(file.fault(store, fault)),
                    })?;
                    if state == State::Foreign {
                        notes.push(foreign(&shown, entry));
                    }
                    let put = json::insert(text, entry).map_err(|it| file.fault(store, it))?;
                    let put = match (&file.text, file.old.is_none()) {
                        (None, true) => put + "\n",
                        _ => put,
                    };
                    if state == State::Absent {
                        let back = json::remove(&put, entry).unwrap_or_default();
                        if back != file.text {
                            return Err(not_reversible(&shown));
                        }
                    }
                    file.text = Some(put);
                }
                if let (None, None, Some((key, value))) = (&file.old, &before, seed) {
                    file.seed(key, value);
                }
            }
            Content::Block(comment, content) => {
                if file.is_elsewhere(*comment) {
                    notes.push(format!("{shown}: an `agentsess` server is there and stays"));
                    return Ok(());
                }
                let put = block::insert(file.text.as_deref(), *comment, content);
                let put = put.map_err(|offset| file.fault(store, unclosed(offset)))?;
                if matches!(comment, Comment::Hash) && item.path == CODEX_CONFIG {
                    check_toml(&put).map_err(|fault| file.fault(store, fault))?;
                }
                let known = file
                    .text
                    .as_deref()
                    .map(|it| block::state(it, *comment, content));
                if matches!(known, None | Some(Ok(None)))
                    && block::remove(&put, *comment).unwrap_or_default() != file.text
                {
                    return Err(not_reversible(&shown));
                }
                if matches!(known, Some(Ok(Some(false)))) {
                    notes.push(format!("{shown}: {REPLACED}"));
                }
                file.text = Some(put);
            }
            Content::Whole {
                text,
                executable,
                marker,
            } => match &file.text {
                Some(found) if found == text => {}
                Some(found) if !marker.is_some_and(|marker| found.contains(marker)) => {
                    if item.path != config::FILE {
                        notes.push(format!("{shown}: there is another one, and it stays"));
                    }
                }
                found => {
                    if found.is_some() {
                        notes.push(format!("{shown}: {REPLACED}"));
                    }
                    file.text = Some(text.clone());
                    file.executable = *executable;
                }
            },
        }
        Ok(())
    }

    /// Whether there was something to take.
    pub(super) fn take(&mut self, item: &Item, notes: &mut Vec<String>) -> Result<bool> {
        let store = self.store;
        let file = self.file(&item.path)?;
        let shown = store.shown(&file.path).display().to_string();
        let Some(text) = file.text.clone() else {
            return Ok(false);
        };
        match &item.content {
            Content::Json { entries, seed } => {
                // What is ours says so, and the rest need not make sense.
                if !text.contains("agentsess") {
                    return Ok(false);
                }
                let mut left = Some(text.clone());
                let mut ours = false;
                for entry in entries.iter().rev() {
                    let Some(text) = &left else { break };
                    let next = json::remove(text, entry).map_err(|it| file.fault(store, it))?;
                    ours |= next != left;
                    left = next;
                    let state = left.as_deref().map(|text| json::state(text, entry));
                    if state == Some(Ok(State::Foreign)) {
                        let by_hand = match entry.key {
                            Some(_) => "",
                            None => {
                                ": it was changed, or has another one beside it; what of it is to \
                                 go, take out by hand"
                            }
                        };
                        notes.push(foreign(&shown, entry) + by_hand);
                    }
                }
                if let (true, Some((key, value))) = (ours, seed)
                    && was_made(&text, entries, key, value)
                {
                    left = None;
                }
                let hollow = left.as_deref().is_some_and(is_hollow);
                file.text = left.filter(|_| !(ours && hollow && item.path == COPILOT_HOOKS));
            }
            Content::Block(comment, content) => {
                if matches!(block::state(&text, *comment, content), Ok(Some(false))) {
                    notes.push(format!("{shown}: {KEPT}"));
                    return Ok(false);
                }
                let left = block::remove(&text, *comment);
                file.text = left.map_err(|offset| file.fault(store, unclosed(offset)))?;
            }
            Content::Whole {
                text: own, marker, ..
            } => {
                if text == *own {
                    file.text = None;
                } else if marker.is_some_and(|marker| text.contains(marker)) {
                    notes.push(format!("{shown}: {KEPT}"));
                } else if item.path == config::FILE || calls_us(&text) {
                    notes.push(format!("{shown}: it was changed, and stays"));
                }
            }
        }
        Ok(file.text.as_ref() != Some(&text))
    }

    pub(super) fn changes(self) -> Vec<Change> {
        let files = self.files.into_values();
        let changes = files.map(|file| Change {
            new: file
                .text
                .map(|text| [file.mark, &text].concat().into_bytes()),
            path: file.path,
            old: file.old,
            executable: file.executable,
        });
        changes.filter(|change| change.old != change.new).collect()
    }
}

/// What files may begin with.
pub(super) const BYTE_ORDER_MARK: &str = "\u{feff}";

impl File {
    fn read(store: &Store, path: &str) -> Result<Self> {
        let relative = Path::new(path);
        let (path, old) = if relative.is_absolute() {
            (relative.to_owned(), store.read_exclude()?)
        } else {
            (store.document(relative)?, store.read_document(relative)?)
        };
        let mut text = None;
        let mut mark = "";
        if let Some(bytes) = &old {
            let Ok(found) = std::str::from_utf8(bytes) else {
                return Err(Error::usage("this is not UTF-8").at(&store.shown(&path), None));
            };
            let rest = found.strip_prefix(BYTE_ORDER_MARK);
            mark = rest.map_or("", |_| BYTE_ORDER_MARK);
            text = Some(rest.unwrap_or(found).to_owned());
        }
        Ok(Self {
            path,
            old,
            text,
            mark,
            executable: false,
        })
    }

    fn fault(&self, store: &Store, fault: Fault) -> Error {
        let text = self.text.as_deref().unwrap_or_default();
        let shown = store.shown(&self.path);
        let at = position(text, fault.offset);
        let edit = edit(&shown);
        Error::usage(fault.message).at(&shown, Some(at)).hint(edit)
    }

    /// Puts a key of the host's into a file that was made.
    fn seed(&mut self, key: &'static str, value: &Value) {
        let entry = seed_entry(key, value);
        let text = self.text.take().unwrap_or_default();
        self.text = Some(json::insert(&text, &entry).unwrap_or(text));
    }

    /// Whether the server is in it outside of lines of ours.
    fn is_elsewhere(&self, comment: Comment) -> bool {
        let Some(text) = self
            .text
            .as_deref()
            .filter(|_| self.path.ends_with(CODEX_CONFIG))
        else {
            return false;
        };
        let rest = block::remove(text, comment).ok().flatten();
        let table = rest.unwrap_or_default().parse::<toml::Table>();
        let servers = table.ok().and_then(|mut table| table.remove("mcp_servers"));
        servers.is_some_and(|servers| servers.get("agentsess").is_some())
    }
}

/// The line and the column of a byte, both counted from one.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let last = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, last.chars().count() + 1)
}

/// The command that opens a file.
pub(super) fn edit(shown: &Path) -> String {
    let word = shell::word(&shown.display().to_string());
    format!("${{EDITOR:-vi}} {word}")
}

const REPLACED: &str =
    "what is in it of agentsess was changed, or is from another version, and is replaced";

const KEPT: &str = "what is in it of agentsess was changed, or is from another version, and stays; \
                    `agentsess init` brings it up to date";

/// Whether a file makes this program run.
fn calls_us(text: &str) -> bool {
    ["agentsess hook ", "agentsess lint", "agentsess-lint"]
        .iter()
        .any(|call| text.contains(call))
}

fn foreign(path: &str, entry: &Entry) -> String {
    let what = match entry.key {
        Some(key) => format!("another `{key}`"),
        None => format!("a hook that calls `{}`", entry.command),
    };
    format!("{path}: {what} is there and stays")
}

fn seed_entry(key: &'static str, value: &Value) -> Entry {
    Entry {
        path: Vec::new(),
        key: Some(key),
        value: value.clone(),
        command: String::new(),
    }
}

/// Whether a file is one that was made for some of these entries, and nothing else was done to it.
fn was_made(text: &str, entries: &[Entry], key: &'static str, value: &Value) -> bool {
    let there = |entry: &&Entry| matches!(json::state(text, entry), Ok(State::Current));
    let mut made = String::new();
    for entry in entries.iter().filter(there) {
        let Ok(mut next) = json::insert(&made, entry) else {
            return false;
        };
        if made.is_empty() {
            next.push('\n');
        }
        made = next;
    }
    json::insert(&made, &seed_entry(key, value)).is_ok_and(|made| made == text)
}

/// Whether a file that has a version says nothing else.
fn is_hollow(text: &str) -> bool {
    fn is_empty(value: &Value) -> bool {
        match value {
            Value::Object(members) => members.values().all(is_empty),
            Value::Array(members) => members.is_empty(),
            _ => false,
        }
    }
    let file: Option<Map<_, _>> = serde_json::from_str(text).ok();
    file.is_some_and(|mut file| file.remove("version").is_some() && file.values().all(is_empty))
}

pub(super) fn unclosed(offset: usize) -> Fault {
    Fault {
        message: "the marker `agentsess:begin` has no `agentsess:end` below it".into(),
        offset,
    }
}

fn not_reversible(path: &str) -> Error {
    Error::usage(
        "what is put into this file could not be taken out again without changing anything else",
    )
    .at(Path::new(path), None)
    .hint("agentsess help init")
}

pub(super) fn check_toml(text: &str) -> Result<(), Fault> {
    text.parse::<toml::Table>()
        .map(|_| ())
        .map_err(|error| Fault {
            message: format!(
                "this is not TOML to which a table can be added: {}",
                error.message()
            ),
            offset: error.span().map_or(0, |span| span.start),
        })
}
