//! Which program that runs agents reads which file, and what is to be in it.

use serde_json::{Map, Value, json};

use super::block::Comment;
use super::json::Entry;
use crate::hosts::Event;

mod hosts;

pub use hosts::HOSTS;

use Event::{PreCompact, SessionEnd, SessionStart, Stop, SubagentStart, SubagentStop};

/// A program that runs agents.
#[derive(Debug)]
pub struct Host {
    /// What it is called here.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Files and folders that show that a project is worked on with it.
    pub marks: &'static [&'static str],
    /// Its program.
    pub program: &'static str,
    hooks: Option<Hooks>,
    mcp: Option<Mcp>,
    /// Where it looks for skills.
    pub skills: Option<&'static str>,
}

/// Its hooks.
#[derive(Debug)]
struct Hooks {
    file: &'static str,
    form: Form,
    /// Its names of the events.
    events: &'static [(Event, &'static str)],
}

/// How a hook is written down.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// A group with a list of handlers, in seconds.
    Groups,
    /// The same with a name, in milliseconds.
    Named,
    /// A handler for two shells, in seconds, in a file with a version.
    Shells,
    /// A command, in seconds, in a file with a version.
    Commands,
    /// An executable file for each event.
    Scripts,
    /// A plugin, whatever the event.
    Plugin,
}

/// Where it is told of MCP servers.
#[derive(Debug)]
enum Mcp {
    /// As an entry in a JSON file, below a key.
    Json(&'static str, &'static str),
    /// The same, with the command as one list.
    List(&'static str, &'static str),
    /// As a table in a TOML file.
    Toml(&'static str),
}

/// Seconds that a hook is given; it takes some milliseconds. Codex complains, to the user, of more
/// than three for the end of a conversation.
const fn timeout(event: Event) -> u32 {
    match event {
        SessionEnd => 3,
        _ => 10,
    }
}

/// The file with Claude's hooks, which Copilot reads, too.
pub const CLAUDE_SETTINGS: &str = ".claude/settings.json";

/// The file with Copilot's own hooks.
pub const COPILOT_HOOKS: &str = ".github/hooks/agentsess.json";

/// The file with the settings of `OpenCode`, and what it reads as well.
pub const OPENCODE_SETTINGS: &str = "opencode.json";
/// See [`OPENCODE_SETTINGS`].
pub const OPENCODE_SETTINGS_JSONC: &str = "opencode.jsonc";

/// Where Codex keeps its settings in a project.
pub const CODEX_CONFIG: &str = ".codex/config.toml";

/// The plugin for `OpenCode`.
pub const OPENCODE_PLUGIN: &str = include_str!("../../../templates/agents/opencode.js");

/// Where all but Claude look for skills.
pub const SKILLS: &str = ".agents/skills";

/// Something that can be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The configuration.
    Config,
    /// What hosts call.
    Hooks,
    /// What agents read when they need it.
    Skill,
    /// What agents read at the start.
    AgentsMd,
    /// The server.
    Mcp,
    /// The check before each commit.
    PreCommit,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Config,
        Self::Hooks,
        Self::Skill,
        Self::AgentsMd,
        Self::Mcp,
        Self::PreCommit,
    ];

    /// As the user writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Hooks => "hooks",
            Self::Skill => "skill",
            Self::AgentsMd => "agents-md",
            Self::Mcp => "mcp",
            Self::PreCommit => "pre-commit",
        }
    }

    /// What it is.
    pub fn title(self) -> &'static str {
        match self {
            Self::Config => "a configuration, .agents/agentsess.toml",
            Self::Hooks => "hooks: agents are told where the work stands",
            Self::Skill => "a skill: how to work with sessions",
            Self::AgentsMd => "a block in AGENTS.md",
            Self::Mcp => "the MCP server",
            Self::PreCommit => "a check before each commit, with pre-commit",
        }
    }
}

/// Events that are installed only where they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// Asks once for a Current State that was left behind.
    Stop,
    /// Gives subagents what they need, and notes what came of them.
    Subagents,
}

impl Extra {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Stop, Self::Subagents];

    /// As the user writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Subagents => "subagents",
        }
    }

    fn of(event: Event) -> Option<Self> {
        match event {
            Stop => Some(Self::Stop),
            SubagentStart | SubagentStop => Some(Self::Subagents),
            SessionStart | PreCompact | SessionEnd => None,
        }
    }
}

/// What is to be in a file.
#[derive(Debug, Clone)]
pub struct Item {
    /// The file, relative to the root, or absolute where it is not below it.
    pub path: String,
    /// What of it.
    pub content: Content,
}

/// What of a file is ours.
#[derive(Debug, Clone)]
pub enum Content {
    /// Entries, and keys that a file has that is made for them.
    Json {
        /// In the order in which they are put in.
        entries: Vec<Entry>,
        /// What the host wants to be in the file, too.
        seed: Option<(&'static str, Value)>,
    },
    /// Lines between markers.
    Block(Comment, String),
    /// All of it.
    Whole {
        /// Its text.
        text: String,
        /// Whether it can be run.
        executable: bool,
        /// What a file has in it that is ours, however it differs.
        marker: Option<&'static str>,
    },
}

/// Which files of a host are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'w> {
    /// Parts.
    pub parts: &'w [Part],
    /// Events beyond the usual ones.
    pub extras: &'w [Extra],
    /// Whether the usual ones are, too.
    pub usual: bool,
}

impl Host {
    /// The host of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        HOSTS.iter().find(|host| host.name == name)
    }

    /// What is to be in its files, skills aside.
    pub fn items(&self, wanted: Wanted) -> Vec<Item> {
        let mut items = Vec::new();
        if let Some(hooks) = &self.hooks
            && wanted.parts.contains(&Part::Hooks)
        {
            items.extend(hooks.items(self.name, wanted));
        }
        if let Some(mcp) = &self.mcp
            && wanted.parts.contains(&Part::Mcp)
        {
            items.push(mcp.item());
        }
        items
    }
}

/// The hooks of a host as an object of events, as its plugins have them.
pub fn plugin_hooks(host: &str) -> Value {
    let hooks = Host::named(host).and_then(|host| host.hooks.as_ref());
    let events = hooks.into_iter().flat_map(|hooks| {
        let events = hooks.wanted(Wanted {
            parts: &[],
            extras: &[],
            usual: true,
        });
        events.map(|(event, name)| {
            let hook = hooks.form.hook(event, host);
            (name.to_owned(), Value::Array(vec![hook]))
        })
    });
    Value::Object(events.collect::<Map<_, _>>())
}

/// The entry of the server, as most hosts take it.
pub fn server() -> Value {
    json!({"command": "agentsess", "args": ["mcp"]})
}

fn command(event: Event, host: &str) -> String {
    format!("agentsess hook {} --host {host}", event.as_str())
}

impl Hooks {
    fn wanted(&self, wanted: Wanted) -> impl Iterator<Item = (Event, &'static str)> {
        let is_wanted = move |event| {
            let extra = Extra::of(event);
            extra.map_or(wanted.usual, |extra| wanted.extras.contains(&extra))
        };
        let events = self.events.iter().copied();
        events.filter(move |(event, _)| is_wanted(*event))
    }

    fn items(&self, host: &'static str, wanted: Wanted) -> Vec<Item> {
        // What a script says is the same in every version: one that differs is somebody's own.
        let whole = |path: String, text: String, marker: Option<_>| Item {
            path,
            content: Content::Whole {
                text,
                executable: marker.is_none(),
                marker,
            },
        };
        if matches!(self.form, Form::Plugin) {
            if !wanted.usual {
                return Vec::new();
            }
            return vec![whole(
                self.file.into(),
                OPENCODE_PLUGIN.into(),
                Some("agentsess hook "),
            )];
        }
        if matches!(self.form, Form::Scripts) {
            let script = |(event, name)| {
                let text = format!("#!/bin/sh\nexec {}\n", command(event, host));
                whole(format!("{}/{name}", self.file), text, None)
            };
            return self.wanted(wanted).map(script).collect();
        }
        let entry = |(event, name): (Event, &'static str)| Entry {
            path: vec!["hooks", name],
            key: None,
            value: self.form.hook(event, host),
            command: format!("agentsess hook {}", event.as_str()),
        };
        let versioned = matches!(self.form, Form::Shells | Form::Commands);
        vec![Item {
            path: self.file.into(),
            content: Content::Json {
                entries: self.wanted(wanted).map(entry).collect(),
                seed: versioned.then(|| ("version", json!(1))),
            },
        }]
    }
}

impl Form {
    fn hook(self, event: Event, host: &str) -> Value {
        let (command, timeout) = (command(event, host), timeout(event));
        match self {
            Self::Groups => {
                json!({"hooks": [{"type": "command", "command": command, "timeout": timeout}]})
            }
            // A matcher would have to be the very word of the source: without one, all are meant.
            Self::Named => json!({"hooks": [{
                "type": "command", "name": "agentsess", "command": command,
                "timeout": timeout * 1000,
            }]}),
            Self::Shells => json!({
                "type": "command", "bash": command, "powershell": command, "timeoutSec": timeout,
            }),
            Self::Commands => json!({"command": command, "timeout": timeout}),
            Self::Scripts | Self::Plugin => Value::Null,
        }
    }
}

impl Mcp {
    fn item(&self) -> Item {
        let entry = |path: &str, key: &'static str, value: Value| Item {
            path: path.into(),
            content: Content::Json {
                entries: vec![Entry {
                    path: vec![key],
                    key: Some("agentsess"),
                    value,
                    command: String::new(),
                }],
                seed: None,
            },
        };
        match self {
            Self::Json(path, key) => entry(path, key, server()),
            Self::List(path, key) => {
                let value = json!({
                    "type": "local", "command": ["agentsess", "mcp"], "enabled": true,
                });
                entry(path, key, value)
            }
            Self::Toml(path) => Item {
                path: (*path).into(),
                content: Content::Block(
                    Comment::Hash,
                    "[mcp_servers.agentsess]\ncommand = \"agentsess\"\nargs = [\"mcp\"]".into(),
                ),
            },
        }
    }
}
