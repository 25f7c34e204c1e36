//! Installs what lets agents work with sessions, and takes it out again: hooks, a skill, lines in
//! AGENTS.md, the MCP server. Everything is planned before anything is written.

pub mod block;
pub mod catalog;
pub mod check;
pub mod json;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use self::block::Comment;
use self::catalog::{
    CLAUDE_SETTINGS, CODEX_CONFIG, COPILOT_HOOKS, Content, Extra, HOSTS, Host, Item, Part, SKILLS,
    Wanted,
};
use self::json::{Entry, Fault, State};
use crate::config;
use crate::error::{Error, Result};
use crate::store::{FileState, Store};

/// The check before each commit.
pub const PRE_COMMIT: &str = include_str!("../../../templates/agents/pre-commit-config.yaml");

/// What of it is printed for lefthook.
const LEFTHOOK: &str = "\
pre-commit:
  jobs:
    - name: agentsess
      glob: \".agents/sessions/*.md\"
      run: agentsess lint --staged
";

const AGENTS_MD: &str = include_str!("../../../templates/agents/AGENTS.md");
const CONFIG: &str = include_str!("../../../templates/agents/agentsess.toml");
const SKILL: &str = include_str!("../../../templates/agents/SKILL.md");
const PRE_COMMIT_FILE: &str = ".pre-commit-config.yaml";

/// What stands in a skill that is ours.
const SKILL_MARKER: &str = "<!-- Written by `agentsess init`";

/// What is asked for.
#[derive(Debug)]
pub struct Request<'r> {
    /// For whom.
    pub hosts: &'r [&'static Host],
    /// What.
    pub parts: &'r [Part],
    /// Events beyond the usual ones.
    pub extras: &'r [Extra],
    /// Whether git is to leave the sessions alone.
    pub private: bool,
    /// The commands that the skill lists, as a list in Markdown.
    pub commands: &'r str,
}

/// What becomes of a file.
#[derive(Debug)]
pub struct Change {
    /// The full path.
    pub path: PathBuf,
    /// What it is now; `None` if it is not there.
    pub old: Option<Vec<u8>>,
    /// What it is to be; `None` if it is to go.
    pub new: Option<Vec<u8>>,
    /// Whether it can be run.
    pub executable: bool,
}

/// What is to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// Files that change, sorted by path.
    pub changes: Vec<Change>,
    /// What somebody should know or do.
    pub notes: Vec<String>,
    /// What to put into a file that is not changed: the file and the text.
    pub snippets: Vec<(&'static str, &'static str)>,
}

/// The skill, with the commands that it lists.
pub fn skill(commands: &str) -> String {
    SKILL.replace("COMMANDS\n", &format!("{commands}\n"))
}

/// The hosts that a project is worked on with, as its files show.
pub fn detect(store: &Store) -> Vec<&'static Host> {
    let marked = |host: &&Host| host.marks.iter().any(|mark| store.root.join(mark).exists());
    HOSTS.iter().filter(marked).collect()
}

/// Plans what is asked for.
///
/// # Errors
///
/// When a file cannot be read, is not what its name says, or leads out of the project.
pub fn plan(store: &Store, request: &Request) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut files = Files::new(store);
    for item in items(store, request, &mut plan)? {
        files.put(&item, &mut plan.notes)?;
    }
    plan.changes = files.changes();
    let codex = request.hosts.iter().any(|host| host.name == "codex");
    if codex && !plan.changes.is_empty() {
        plan.notes.push(format!(
            "Codex runs hooks once you have looked at them (`/hooks`); its sandbox makes `.agents` \
             read-only: agents write by the MCP server, or you name `.agents` itself under \
             `[sandbox_workspace_write] writable_roots` in {CODEX_CONFIG}"
        ));
    }
    Ok(plan)
}

/// Plans to take out what is ours, of these hosts and parts.
///
/// # Errors
///
/// As for [`plan`].
pub fn plan_removal(store: &Store, request: &Request) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut files = Files::new(store);
    let request = Request {
        extras: &Extra::ALL,
        private: true,
        ..*request
    };
    let mut items = every_item(store, &request);
    // The last that was put in is the first that is taken out.
    items.reverse();
    for item in &items {
        files.take(item)?;
    }
    plan.changes = files.changes();
    Ok(plan)
}

/// Does what was planned. A file that is no longer what it was is an error; what was written before
/// it stays, and the same command goes on from there.
///
/// # Errors
///
/// When a file has changed, or the operating system refuses.
pub fn apply(store: &Store, plan: &Plan) -> Result<()> {
    for change in &plan.changes {
        store.install(&FileState {
            path: &change.path,
            old: change.old.as_deref(),
            new: change.new.as_deref(),
            executable: change.executable,
        })?;
    }
    Ok(())
}

/// Everything that is to be in files, and what is to be said of the rest.
fn items(store: &Store, request: &Request, plan: &mut Plan) -> Result<Vec<Item>> {
    let mut items = every_item(store, request);
    let settings = request.parts.contains(&Part::Hooks);
    let claude = request.hosts.iter().any(|host| host.name == "claude");
    let copilot = request.hosts.iter().any(|host| host.name == "copilot");
    if settings && copilot && (claude || calls_us(store, CLAUDE_SETTINGS)?) {
        items.retain(|item| item.path != COPILOT_HOOKS);
        plan.notes.push(format!(
            "Copilot reads the hooks in {CLAUDE_SETTINGS}; it gets none of its own, which would \
             tell it everything twice"
        ));
    } else if settings && claude && store.root.join(COPILOT_HOOKS).exists() {
        plan.notes.push(format!(
            "Copilot reads the hooks in {CLAUDE_SETTINGS}, too: remove its own with `agentsess \
             init --remove --host copilot`"
        ));
    }
    if request.parts.contains(&Part::PreCommit) {
        let pre_commit = read(store, Path::new(PRE_COMMIT_FILE))?;
        let lefthook = ["lefthook.yml", "lefthook.yaml", ".lefthook.yml"];
        let lefthook = lefthook
            .into_iter()
            .find(|name| store.root.join(name).exists());
        let snippet = match (&pre_commit, lefthook) {
            (Some(text), _) => Some((PRE_COMMIT_FILE, text.clone(), PRE_COMMIT)),
            (None, Some(name)) => read(store, Path::new(name))?.map(|text| (name, text, LEFTHOOK)),
            (None, None) => None,
        };
        // YAML is never merged.
        if let Some((file, text, snippet)) = snippet {
            items.retain(|item| item.path != PRE_COMMIT_FILE);
            if !text.contains("agentsess lint") && !text.contains("agentsess-lint") {
                plan.snippets.push((file, snippet));
            }
        }
    }
    Ok(items)
}

/// Whether hooks in this file are ours.
fn calls_us(store: &Store, path: &str) -> Result<bool> {
    let text = read(store, Path::new(path))?;
    Ok(text.is_some_and(|text| text.contains("agentsess hook ")))
}

/// The text of a file of the project.
fn read(store: &Store, path: &Path) -> Result<Option<String>> {
    let bytes = store.read_document(path)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn every_item(store: &Store, request: &Request) -> Vec<Item> {
    let wanted = Wanted {
        parts: request.parts,
        extras: request.extras,
    };
    let whole = |path: &str, text: String, marker| Item {
        path: path.into(),
        content: Content::Whole {
            text,
            executable: false,
            marker,
        },
    };
    let mut items = Vec::new();
    if request.parts.contains(&Part::Config) {
        items.push(whole(config::FILE, CONFIG.into(), None));
    }
    for host in request.hosts {
        items.extend(host.items(wanted));
    }
    if request.parts.contains(&Part::Skill) {
        let mut folders: Vec<_> = request
            .hosts
            .iter()
            .filter_map(|host| host.skills)
            .collect();
        if folders.is_empty() {
            folders.push(SKILLS);
        }
        folders.sort_unstable();
        folders.dedup();
        for folder in folders {
            let path = format!("{folder}/agentsess/SKILL.md");
            items.push(whole(&path, skill(request.commands), Some(SKILL_MARKER)));
        }
    }
    if request.parts.contains(&Part::AgentsMd) {
        items.push(Item {
            path: "AGENTS.md".into(),
            content: Content::Block(Comment::Markup, AGENTS_MD.into()),
        });
    }
    if request.parts.contains(&Part::PreCommit) {
        items.push(whole(PRE_COMMIT_FILE, PRE_COMMIT.into(), None));
    }
    if let (true, Some((path, pattern))) = (request.private, store.exclude_file()) {
        items.push(Item {
            path,
            content: Content::Block(Comment::Hash, pattern),
        });
    }
    items
}

/// The files that are planned about, as they are and as they are to be.
struct Files<'s> {
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
    fn new(store: &'s Store) -> Self {
        Self {
            store,
            files: BTreeMap::new(),
        }
    }

    fn file(&mut self, path: &str) -> Result<&mut File> {
        let store = self.store;
        match self.files.entry(path.to_owned()) {
            std::collections::btree_map::Entry::Occupied(found) => Ok(found.into_mut()),
            std::collections::btree_map::Entry::Vacant(new) => {
                Ok(new.insert(File::read(store, path)?))
            }
        }
    }

    fn put(&mut self, item: &Item, notes: &mut Vec<String>) -> Result<()> {
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
                        notes.push(format!(
                            "{shown}: another `{}` is there and stays",
                            entry.key.unwrap_or_default()
                        ));
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
                _ => {
                    file.text = Some(text.clone());
                    file.executable = *executable;
                }
            },
        }
        Ok(())
    }

    fn take(&mut self, item: &Item) -> Result<()> {
        let store = self.store;
        let file = self.file(&item.path)?;
        let Some(text) = file.text.clone() else {
            return Ok(());
        };
        match &item.content {
            Content::Json { entries, seed } => {
                if text.trim().is_empty() {
                    return Ok(());
                }
                let mut left = Some(text.clone());
                let mut ours = false;
                for entry in entries.iter().rev() {
                    let Some(text) = &left else { break };
                    let next = json::remove(text, entry).map_err(|it| file.fault(store, it))?;
                    ours |= next != left;
                    left = next;
                }
                if let (true, Some((key, value))) = (ours, seed)
                    && was_made(&text, entries, key, value)
                {
                    left = None;
                }
                file.text = left;
            }
            Content::Block(comment, _) => {
                let left = block::remove(&text, *comment);
                file.text = left.map_err(|offset| file.fault(store, unclosed(offset)))?;
            }
            Content::Whole {
                text: own, marker, ..
            } => {
                if text == *own || marker.is_some_and(|marker| text.contains(marker)) {
                    file.text = None;
                }
            }
        }
        Ok(())
    }

    fn changes(self) -> Vec<Change> {
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

const BYTE_ORDER_MARK: &str = "\u{feff}";

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
        let before = text.get(..fault.offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let last = before.rsplit('\n').next().unwrap_or_default();
        let shown = store.shown(&self.path);
        let edit = format!(
            "${{EDITOR:-vi}} {}",
            crate::shell::word(&shown.display().to_string())
        );
        Error::usage(fault.message)
            .at(&shown, Some((line, last.chars().count() + 1)))
            .hint(edit)
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

fn unclosed(offset: usize) -> Fault {
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

fn check_toml(text: &str) -> Result<(), Fault> {
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
