//! Where remaining work goes: a document of the project, or whatever a program puts it into.

use std::path::{Path, PathBuf};

use regex::Regex;
use serde::Serialize;

use super::{Request, list};
use crate::child::{self, End};
use crate::error::{Error, Result};
use crate::operations::trust::{self, External, ISSUE_COMMAND};
use crate::shell;
use crate::store::{Before, Store};

/// The document that is suggested.
const DOCUMENT: &str = "docs/backlog.md";

/// A sink, by what was asked for.
#[derive(Debug)]
pub(super) enum Sink {
    /// A list in a Markdown file, relative to the root.
    Markdown(PathBuf),
    /// A list in a JSON file.
    Json(PathBuf),
    /// A program.
    Program(External, Regex),
}

/// What a sink gets.
#[derive(Debug, Default)]
pub(super) struct Issue {
    /// One line.
    pub title: String,
    /// All of it, in Markdown.
    pub body: String,
    /// What the title does not say, in Markdown.
    pub details: String,
    /// Where it comes from, on one line.
    pub from: String,
}

/// How filing an item ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It has this id.
    Filed(String),
    /// It was not created, and why.
    Failed(String, Vec<String>),
    /// It may have been created, and why nobody knows.
    Unknown(String, Vec<String>),
}

#[derive(Serialize)]
struct Entry<'e> {
    id: &'e str,
    title: &'e str,
    body: &'e str,
    from: &'e str,
}

impl Sink {
    pub fn resolve(store: &Store, name: &str, request: &Request, wanted: &str) -> Result<Self> {
        let with = |sink: &str| {
            let mut request = request.clone();
            request.file_remaining = Some(sink.to_owned());
            request.command(store, name)
        };
        let external = trust::command(store, wanted).filter(|found| found.name != ISSUE_COMMAND);
        if let Some(external) = external {
            let pattern = external.id.clone().unwrap_or_default();
            let pattern = Regex::new(&pattern).map_err(|error| Error::usage(error.to_string()))?;
            return Ok(Self::Program(external, pattern));
        }
        let path = Path::new(wanted);
        let kind = path
            .extension()
            .map(|end| end.to_string_lossy().to_lowercase());
        let json = match kind.as_deref() {
            Some("md") => false,
            Some("json") => true,
            _ => {
                let mut error = Error::usage(format!("there is no sink `{wanted}`; there are"));
                let commands = trust::commands(store).into_iter().map(|found| found.name);
                error.details = commands.filter(|name| name != ISSUE_COMMAND).collect();
                error
                    .details
                    .push("any file of the project that ends in .md or .json".into());
                return Err(error.hint(with(&default(store))));
            }
        };
        let path = store
            .from_root(path)
            .map_err(|error| error.hint(with(&shown(store, DOCUMENT))))?;
        let full = store.document(&path)?;
        if full.starts_with(&store.sessions) {
            return Err(
                Error::usage("remaining work cannot be filed among the sessions")
                    .at(&store.shown(&full), None)
                    .hint(with(&shown(store, DOCUMENT))),
            );
        }
        Ok(if json {
            Self::Json(path)
        } else {
            Self::Markdown(path)
        })
    }

    /// As it is recorded.
    pub fn name(&self) -> String {
        match self {
            Self::Markdown(path) | Self::Json(path) => path.display().to_string(),
            Self::Program(external, _) => external.name.clone(),
        }
    }

    /// The project's document it writes to.
    pub fn document(&self) -> Option<&Path> {
        match self {
            Self::Markdown(path) | Self::Json(path) => Some(path),
            Self::Program(..) => None,
        }
    }

    /// The id that an issue is going to have, where that is known before.
    pub fn next_id(&self, store: &Store, taken: &[String]) -> Result<Option<String>> {
        let Some(path) = self.document() else {
            return Ok(None);
        };
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let letters = stem.chars().filter(char::is_ascii_alphabetic);
        let mut prefix: String = letters.map(|c| c.to_ascii_uppercase()).collect();
        if prefix.is_empty() {
            prefix.push_str("ITEM");
        }
        let bytes = store.read_document(path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let known = ids(&text).chain(taken.iter().map(String::as_str));
        let numbers = known.filter_map(|word| {
            let number = word.strip_prefix(&prefix)?.strip_prefix('-')?;
            number.parse::<u64>().ok()
        });
        let next = numbers.max().unwrap_or(0).saturating_add(1);
        Ok(Some(format!("{prefix}-{next}")))
    }

    /// Fails where nothing could be added to its document.
    pub fn rehearse(&self, store: &Store) -> Result<()> {
        let issue = Issue::default();
        let old = |path| store.read_document(path);
        match self {
            Self::Markdown(path) => {
                markdown(&at(store, path), old(path)?.as_deref(), &issue, "").map(drop)
            }
            Self::Json(path) => json(&at(store, path), old(path)?.as_deref(), &issue, "").map(drop),
            Self::Program(..) => Ok(()),
        }
    }

    /// Files an issue; `id` is what [`Self::next_id`] said, and `before` is called before a document
    /// is written.
    pub fn file(
        &self,
        store: &Store,
        stem: &str,
        issue: &Issue,
        id: Option<&str>,
        before: Before,
    ) -> Result<Outcome> {
        let id = id.unwrap_or("");
        let (external, pattern) = match self {
            Self::Markdown(path) => {
                return amend(store, path, id, before, |old| {
                    markdown(&at(store, path), old, issue, id)
                });
            }
            Self::Json(path) => {
                return amend(store, path, id, before, |old| {
                    json(&at(store, path), old, issue, id)
                });
            }
            Self::Program(external, pattern) => (external, pattern),
        };
        let values = [
            ("title", issue.title.as_str()),
            ("body", issue.body.as_str()),
            ("session", stem),
        ];
        let argv = external.filled(&values);
        let input = external.stdin.then_some(issue.body.as_str());
        let said = match child::run(&argv, &store.root, input, external.limit) {
            Ok(said) => said,
            Err(error) => {
                return Ok(Outcome::Failed(
                    format!("cannot be started: {error}"),
                    Vec::new(),
                ));
            }
        };
        let found = pattern.captures(&said.stdout).and_then(|found| {
            let found = found.get(1).or(found.get(0))?.as_str();
            let number = matches!(self, Self::Program(known, _) if known.name == "github");
            let id = if number {
                format!("#{found}")
            } else {
                found.to_owned()
            };
            is_id(&id).then_some(id)
        });
        let lines = said.lines();
        Ok(match (said.end, found) {
            (End::Success, Some(id)) => Outcome::Filed(id),
            (End::Success, None) => Outcome::Unknown("ended well, but printed no id".into(), lines),
            (End::Failed(code), None) => {
                Outcome::Failed(format!("failed with exit code {code}"), lines)
            }
            (End::Failed(code), Some(id)) => Outcome::Unknown(
                format!("printed {id} and failed with exit code {code}"),
                lines,
            ),
            (End::Killed, _) => Outcome::Unknown("was killed".into(), lines),
            (End::TimedOut, _) => {
                let limit = external.limit.as_secs_f64();
                Outcome::Unknown(format!("took more than {limit} s and was killed"), lines)
            }
        })
    }
}

/// The sink that is suggested, as the user would write it: the only one that is configured, or a
/// document.
pub(super) fn default(store: &Store) -> String {
    let mut names = store.config.close.sinks.keys();
    match (names.next(), names.next()) {
        (Some(only), None) => only.clone(),
        _ => shown(store, DOCUMENT),
    }
}

/// A sink that was recorded, as the user would write it.
pub(super) fn shown(store: &Store, name: &str) -> String {
    if trust::command(store, name).is_some() {
        return name.to_owned();
    }
    at(store, Path::new(name)).display().to_string()
}

/// A path relative to the root, as the user would write it.
fn at(store: &Store, path: &Path) -> PathBuf {
    store.shown(&store.root.join(path))
}

/// Whether text can be an id on an item's line.
pub(super) fn is_id(text: &str) -> bool {
    text.len() <= 100
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '#')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"#/._:-".contains(&byte))
}

/// Adds an entry to a document unless it is there already, or something else has its id.
fn amend(
    store: &Store,
    path: &Path,
    id: &str,
    before: Before,
    with: impl Fn(Option<&[u8]>) -> Result<Option<Vec<u8>>>,
) -> Result<Outcome> {
    store.amend_document(path, before, |old| {
        let new = with(old)?;
        let known = String::from_utf8_lossy(old.unwrap_or_default());
        if new.is_some() && ids(&known).any(|known| known == id) {
            let taken = Outcome::Failed(format!("has something else as {id}"), Vec::new());
            return Ok((None, taken));
        }
        Ok((new, Outcome::Filed(id.to_owned())))
    })
}

fn ids(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
}

/// A Markdown list with an item behind it; `None` if it is there already.
fn markdown(path: &Path, old: Option<&[u8]>, issue: &Issue, id: &str) -> Result<Option<Vec<u8>>> {
    let line = format!("{id} - {}", issue.title);
    let known = String::from_utf8_lossy(old.unwrap_or_default());
    if known
        .lines()
        .any(|known| known.trim_end().ends_with(&format!("] {line}")))
    {
        return Ok(None);
    }
    let mut item = format!("[ ] {line}\n  ({})", issue.from);
    if !issue.details.is_empty() {
        item.push('\n');
    }
    for line in issue.details.lines() {
        item.push_str(if line.is_empty() { "\n" } else { "\n  " });
        item.push_str(line);
    }
    list::add(path, old.unwrap_or(b"# Backlog\n"), &[item]).map(Some)
}

/// A JSON array with an object behind it, every other byte as it was; `None` if it is there
/// already. An empty file is an empty array.
fn json(path: &Path, old: Option<&[u8]>, issue: &Issue, id: &str) -> Result<Option<Vec<u8>>> {
    let refused = || {
        Error::usage("this file holds no JSON array, so that nothing can be added to it")
            .at(path, None)
            .hint(format!(
                "mv {0} {0}.old",
                shell::word(&path.display().to_string())
            ))
    };
    let old = old.filter(|old| !old.trim_ascii().is_empty());
    let text = String::from_utf8(old.unwrap_or(b"[]\n").to_vec()).map_err(|_| refused())?;
    let known: Vec<serde_json::Value> = serde_json::from_str(&text).map_err(|_| refused())?;
    let same = |known: &serde_json::Value| {
        known.get("id").and_then(|known| known.as_str()) == Some(id)
            && known.get("title").and_then(|known| known.as_str()) == Some(&issue.title)
    };
    if known.iter().any(same) {
        return Ok(None);
    }
    let entry = Entry {
        id,
        title: &issue.title,
        body: &issue.body,
        from: &issue.from,
    };
    let entry = serde_json::to_string(&entry).map_err(|error| Error::usage(error.to_string()))?;
    let (before, after) = text.rsplit_once(']').ok_or_else(refused)?;
    let before = before.trim_end();
    let comma = if known.is_empty() { "" } else { "," };
    Ok(Some(
        format!("{before}{comma}\n  {entry}\n]{after}").into_bytes(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUE: fn() -> Issue = || Issue {
        title: "review \"it\"".into(),
        body: "all".into(),
        details: "one\n\n    two".into(),
        from: "Weather, Next Steps".into(),
    };

    #[test]
    fn a_json_array_grows_by_one_and_keeps_its_bytes() {
        let path = Path::new("b.json");
        let add = |old: &str| {
            let new = json(path, Some(old.as_bytes()), &ISSUE(), "B-1");
            new.map(|new| new.map(|new| String::from_utf8(new).unwrap()))
        };
        let entry =
            r#"{"id":"B-1","title":"review \"it\"","body":"all","from":"Weather, Next Steps"}"#;
        assert_eq!(add("[]").unwrap().unwrap(), format!("[\n  {entry}\n]"));
        let grown = add("[ {\"x\" : 1.0} ]\n").unwrap().unwrap();
        assert_eq!(grown, format!("[ {{\"x\" : 1.0}},\n  {entry}\n]\n"));
        assert_eq!(add(&grown).unwrap(), None);
        assert!(add("{}").is_err());
        assert_eq!(add("\n").unwrap().unwrap(), format!("[\n  {entry}\n]\n"));
    }

    #[test]
    fn a_markdown_list_grows_by_one() {
        let path = Path::new("b.md");
        let new = markdown(path, None, &ISSUE(), "B-1").unwrap().unwrap();
        let text = "# Backlog\n\n- [ ] B-1 - review \"it\"\n  (Weather, Next Steps)\n\n  one\n\n      two\n";
        assert_eq!(String::from_utf8(new.clone()).unwrap(), text);
        assert_eq!(markdown(path, Some(&new), &ISSUE(), "B-1").unwrap(), None);
    }

    #[test]
    fn an_id_is_one_plain_word() {
        for id in ["#12", "acme/app#3", "bd-a1b2.1", "BACK-7"] {
            assert!(is_id(id), "{id}");
        }
        for id in ["", "-x", "a b", "a\u{1b}[0m", "é", "--flag"] {
            assert!(!is_id(id), "{id}");
        }
    }
}
