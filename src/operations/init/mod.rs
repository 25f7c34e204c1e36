//! Installs what lets agents work with sessions, and takes it out again: hooks, a skill, lines in
//! AGENTS.md, the MCP server. Everything is planned before anything is written.

pub mod block;
pub mod catalog;
pub mod check;
mod files;
pub mod json;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use self::block::Comment;
use self::catalog::{
    CLAUDE_SETTINGS, CODEX_CONFIG, COPILOT_HOOKS, Content, Extra, HOSTS, Host, Item,
    OPENCODE_SETTINGS, OPENCODE_SETTINGS_JSONC, Part, SKILLS, Wanted,
};
use self::files::Files;
use crate::config;
use crate::error::Result;
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

/// Settings of Claude that are one user's own.
const CLAUDE_LOCAL: &str = ".claude/settings.local.json";

/// What stands in a skill that is ours.
const SKILL_MARKER: &str = "<!-- Written by `agentsess init`";

/// What is asked for.
#[derive(Debug)]
pub struct Request<'r> {
    /// For whom.
    pub hosts: &'r [&'static Host],
    /// What.
    pub parts: &'r [Part],
    /// Events beyond the usual ones; where any are taken out, only those are.
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

impl Change {
    fn state(&self) -> FileState<'_> {
        FileState {
            path: &self.path,
            old: self.old.as_deref(),
            new: self.new.as_deref(),
            executable: self.executable,
        }
    }
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

impl Plan {
    /// Whether this gives back exactly what the other plan changed.
    pub fn undoes(&self, other: &Self) -> bool {
        let mut pairs = self.changes.iter().zip(&other.changes);
        self.changes.len() == other.changes.len()
            && pairs
                .all(|(own, its)| own.path == its.path && own.old == its.new && own.new == its.old)
    }
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
    for item in items(store, request, &mut plan) {
        files.put(&item, &mut plan.notes)?;
    }
    let claude = request.hosts.iter().any(|host| host.name == "claude");
    if claude && request.parts.contains(&Part::Hooks) {
        // Copilot would be told everything twice.
        let wanted = Wanted {
            parts: &[Part::Hooks],
            extras: &Extra::ALL,
            usual: true,
        };
        let copilot = Host::named("copilot").into_iter();
        for item in copilot.flat_map(|host| host.items(wanted)) {
            if files.take(&item, &mut plan.notes)? {
                plan.notes.push(beside_claude());
            }
        }
    }
    plan.changes = files.changes();
    said_once(&mut plan.notes);
    plan.notes.extend(remarks(store, request));
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

/// Plans to take out what is ours, of these hosts and parts, or `everything`: but what keeps sessions
/// out of git only if there are none, or if it is asked for.
///
/// # Errors
///
/// As for [`plan`].
pub fn plan_removal(store: &Store, request: &Request, everything: bool) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut files = Files::new(store);
    let some = !request.extras.is_empty();
    let wanted = Wanted {
        parts: if some { &[Part::Hooks] } else { request.parts },
        extras: if some { request.extras } else { &Extra::ALL },
        usual: !some,
    };
    // What another host reads, too, is not this one's.
    let named = |host: &&Host| request.hosts.iter().any(|it| it.name == host.name);
    let others = HOSTS.iter().filter(|host| !named(host));
    let shared: Vec<_> = others.flat_map(|host| host.items(wanted)).collect();
    let mut items = every_item(store, request, wanted);
    items.retain(|item| shared.iter().all(|other| other.path != item.path));
    items.retain(|item| in_the_way(store, &item.path).is_none());
    items.retain(|item| {
        let link = leads_away(store, &item.path);
        if link {
            let note = format!(
                "{}: it is reached through a symbolic link, and stays",
                item.path
            );
            plan.notes.push(note);
        }
        !link
    });
    if everything && !some && !request.private {
        let lines = exclude(store).into_iter();
        if has_sessions(store) {
            plan.notes.extend(kept_private(store)?);
        } else {
            items.extend(lines);
        }
    }
    // The last that was put in is the first that is taken out.
    items.reverse();
    for item in &items {
        let taken = files.take(item, &mut plan.notes)?;
        let claude = item.path == CLAUDE_SETTINGS && !some;
        let copilot = request.hosts.iter().any(|host| host.name == "copilot");
        if taken && claude && !copilot {
            plan.notes.push(format!(
                "Copilot and VS Code read {CLAUDE_SETTINGS}, too, and have no hooks now: \
                 `agentsess init --host copilot` gives Copilot its own"
            ));
        }
    }
    plan.changes = files.changes();
    said_once(&mut plan.notes);
    Ok(plan)
}

/// Several hosts read the same file.
fn said_once(notes: &mut Vec<String>) {
    let mut said = BTreeSet::new();
    notes.retain(|note| said.insert(note.clone()));
}

/// Does what was planned, or nothing if some of it will not be allowed. A file that is no longer what it
/// was is an error; what was written before it stays, and the same command goes on from there.
///
/// # Errors
///
/// When a file has changed, or the operating system refuses.
pub fn apply(store: &Store, plan: &Plan) -> Result<()> {
    let files: Vec<_> = plan.changes.iter().map(Change::state).collect();
    files.iter().try_for_each(|file| store.can_install(file))?;
    files.iter().try_for_each(|file| store.install(file))
}

/// Everything that is to be in files, and what is to be said of the rest.
fn items(store: &Store, request: &Request, plan: &mut Plan) -> Vec<Item> {
    let wanted = Wanted {
        parts: request.parts,
        extras: request.extras,
        usual: true,
    };
    let mut items = every_item(store, request, wanted);
    items.retain(|item| {
        let file = in_the_way(store, &item.path);
        let note = file.as_ref().map(|file| {
            format!(
                "{}: this is a file, and nothing can be put below it",
                file.display()
            )
        });
        plan.notes
            .extend(note.filter(|note| !plan.notes.contains(note)));
        file.is_none()
    });
    let settings = request.parts.contains(&Part::Hooks);
    let claude = request.hosts.iter().any(|host| host.name == "claude");
    let copilot = request.hosts.iter().any(|host| host.name == "copilot");
    if settings && copilot && (claude || calls_us(store, CLAUDE_SETTINGS)) {
        items.retain(|item| item.path != COPILOT_HOOKS);
        plan.notes.push(beside_claude());
    }
    if request.parts.contains(&Part::PreCommit) {
        let pre_commit = read(store, Path::new(PRE_COMMIT_FILE));
        let lefthook = ["lefthook.yml", "lefthook.yaml", ".lefthook.yml"];
        let lefthook = lefthook
            .into_iter()
            .find(|name| store.root.join(name).exists());
        let snippet = match (&pre_commit, lefthook) {
            (Some(text), _) => Some((PRE_COMMIT_FILE, text.clone(), PRE_COMMIT)),
            (None, Some(name)) => {
                let text = read(store, Path::new(name)).unwrap_or_default();
                Some((name, text, LEFTHOOK))
            }
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
    items
}

/// Why Copilot's own hooks are not there.
fn beside_claude() -> String {
    format!(
        "Copilot reads the hooks in {CLAUDE_SETTINGS}; it gets none of its own, which would tell it \
         everything twice"
    )
}

/// What else somebody should know who installs this.
fn remarks(store: &Store, request: &Request) -> Vec<String> {
    let mut notes = Vec::new();
    let asks = |part| request.parts.contains(&part);
    if request.hosts.is_empty() && (asks(Part::Hooks) || asks(Part::Mcp)) {
        let names: Vec<_> = HOSTS.iter().map(|host| host.name).collect();
        let names = names.join(", ");
        notes.push(format!(
            "no file here shows which programs run agents, so none got hooks or the MCP server; \
             --host names them: {names}"
        ));
    }
    let claude = request.hosts.iter().any(|host| host.name == "claude");
    if claude && asks(Part::AgentsMd) {
        let own = read(store, Path::new("CLAUDE.md"));
        if agents_file(store) != "CLAUDE.md" && own.is_some_and(|text| !text.contains("AGENTS.md"))
        {
            notes.push(
                "Claude Code reads CLAUDE.md and then not AGENTS.md; a line `@AGENTS.md` in it \
                 includes that"
                    .into(),
            );
        }
    }
    if claude && asks(Part::Hooks) && calls_us(store, CLAUDE_LOCAL) {
        notes.push(format!(
            "{CLAUDE_LOCAL} has hooks that call agentsess, too: what is in both runs twice"
        ));
    }
    notes
}

/// A file of the project that stands where a folder would have to be.
fn in_the_way(store: &Store, path: &str) -> Option<PathBuf> {
    let folders = Path::new(path).ancestors().skip(1);
    let relative = folders.filter(|folder| folder.is_relative());
    let file = |folder: &&Path| {
        let meta = store.root.join(folder).symlink_metadata();
        meta.is_ok_and(|meta| meta.is_file())
    };
    relative.into_iter().find(file).map(Path::to_owned)
}

/// Whether any work tree has a session.
fn has_sessions(store: &Store) -> bool {
    let others = store.other_work_trees();
    let mut all = std::iter::once(store).chain(&others);
    all.any(|store| store.names().is_ok_and(|names| !names.is_empty()))
}

/// The lines that keep sessions out of git.
fn exclude(store: &Store) -> Option<Item> {
    let (path, pattern) = store.exclude_file()?;
    let content = Content::Block(Comment::Hash, pattern);
    Some(Item { path, content })
}

/// What is said if these lines stay.
fn kept_private(store: &Store) -> Result<Option<String>> {
    let text = store.read_exclude()?.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let there = exclude(store).is_some_and(|item| match item.content {
        Content::Block(comment, content) => {
            matches!(block::state(&text, comment, &content), Ok(Some(_)))
        }
        _ => false,
    });
    Ok(there.then(|| {
        "there are sessions, which stay out of git by its info/exclude, in all work trees; \
         `agentsess init --remove --private` ends that"
            .to_owned()
    }))
}

/// Whether hooks in this file are ours.
fn calls_us(store: &Store, path: &str) -> bool {
    let text = read(store, Path::new(path));
    text.is_some_and(|text| text.contains("agentsess hook "))
}

/// The text of a file of the project that is only looked at: one that cannot be read, as behind a
/// link, says nothing.
fn read(store: &Store, path: &Path) -> Option<String> {
    let bytes = store.read_document(path).ok().flatten()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a file of the project is a link, or lies behind one that leads out of it.
fn leads_away(store: &Store, path: &str) -> bool {
    Path::new(path).is_relative() && store.document(Path::new(path)).is_err()
}

/// What agents read at the start: AGENTS.md, or the file that it is another name of. No link leads
/// to anything but documents of the project.
fn agents_file(store: &Store) -> String {
    const NAME: &str = "AGENTS.md";
    let target = store.root.join(NAME).canonicalize().ok();
    let target = target.filter(|path| !path.starts_with(&store.sessions));
    let path = target
        .as_deref()
        .and_then(|path| path.strip_prefix(&store.root).ok());
    let document = path.filter(|path| path.extension().is_some_and(|it| it == "md"));
    document.and_then(Path::to_str).unwrap_or(NAME).to_owned()
}

fn every_item(store: &Store, request: &Request, wanted: Wanted) -> Vec<Item> {
    let whole = |path: &str, text: String, marker| Item {
        path: path.into(),
        content: Content::Whole {
            text,
            executable: false,
            marker,
        },
    };
    let mut items = Vec::new();
    if wanted.parts.contains(&Part::Config) {
        items.push(whole(config::FILE, CONFIG.into(), None));
    }
    for host in request.hosts {
        items.extend(host.items(wanted));
    }
    // Where only the one with comments is there, that is the one it reads.
    let there = |path: &str| store.root.join(path).exists();
    if there(OPENCODE_SETTINGS_JSONC) && !there(OPENCODE_SETTINGS) {
        let settings = items
            .iter_mut()
            .filter(|item| item.path == OPENCODE_SETTINGS);
        settings.for_each(|item| item.path = OPENCODE_SETTINGS_JSONC.into());
    }
    if wanted.parts.contains(&Part::Skill) {
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
    if wanted.parts.contains(&Part::AgentsMd) {
        items.push(Item {
            path: agents_file(store),
            content: Content::Block(Comment::Markup, AGENTS_MD.into()),
        });
    }
    if wanted.parts.contains(&Part::PreCommit) {
        items.push(whole(PRE_COMMIT_FILE, PRE_COMMIT.into(), None));
    }
    items.extend(exclude(store).filter(|_| request.private));
    items
}
