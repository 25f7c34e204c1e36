//! The programs that run coding agents and call this one at turns of a conversation.
//!
//! They differ in three ways only, and all of that is data in [`HOSTS`]: how they are recognised,
//! under which name they tell a conversation from another, and what they make of what a hook
//! prints. The same bytes reach the model here, the user there, and nobody elsewhere.

mod payload;
mod shape;

pub use payload::{INPUT_LIMIT, Payload, Source};
pub use shape::{OUTPUT_LIMIT, Shape};

use Event::{PreCompact, SessionEnd, SessionStart, Stop, SubagentStart};

/// Names the conversation for every host that has no variable of its own.
pub const CONVERSATION: &str = "AGENTSESS_CONVERSATION";

/// The turns of a conversation at which a hook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It begins, goes on later, or was cleared or compacted.
    SessionStart,
    /// It is about to be compacted.
    PreCompact,
    /// It ends.
    SessionEnd,
    /// The agent is about to stop and wait for the user.
    Stop,
    /// An agent is started for a part of the work.
    SubagentStart,
    /// That agent is done.
    SubagentStop,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 6] = [
        SessionStart,
        PreCompact,
        SessionEnd,
        Stop,
        SubagentStart,
        Self::SubagentStop,
    ];

    /// As it is written on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            SessionStart => "session-start",
            PreCompact => "pre-compact",
            SessionEnd => "session-end",
            Stop => "stop",
            SubagentStart => "subagent-start",
            Self::SubagentStop => "subagent-stop",
        }
    }
}

/// A program that runs agents.
#[derive(Debug, PartialEq, Eq)]
pub struct Host {
    /// What it is called, here and in logs.
    pub name: &'static str,
    /// A variable that it sets for the commands that it starts.
    variable: Option<&'static str>,
    /// The variable that has its id of the conversation.
    conversation: Option<&'static str>,
    /// A key that only its payloads have.
    key: Option<&'static str>,
    /// What it takes from a hook at which event; at all others it takes nothing.
    shapes: &'static [(Event, Shape)],
}

/// All of them. The first whose variable is set is the one that runs a command.
pub const HOSTS: [Host; 7] = [
    Host {
        name: "claude",
        variable: Some("CLAUDECODE"),
        conversation: Some("CLAUDE_CODE_SESSION_ID"),
        key: None,
        shapes: &[
            (SessionStart, Shape::Nested("SessionStart")),
            // Pasted into the prompt of the summary, whatever it is.
            (PreCompact, Shape::Text),
            // Of what is printed at the end nobody sees anything.
            (Stop, Shape::Nested("Stop")),
            (SubagentStart, Shape::Nested("SubagentStart")),
        ],
    },
    Host {
        name: "codex",
        variable: Some("CODEX_THREAD_ID"),
        conversation: Some("CODEX_THREAD_ID"),
        key: None,
        shapes: &[
            (SessionStart, Shape::Nested("SessionStart")),
            (PreCompact, Shape::Notice),
            (Stop, Shape::Decision),
            (SubagentStart, Shape::Nested("SubagentStart")),
        ],
    },
    Host {
        name: "gemini",
        variable: Some("GEMINI_CLI"),
        // Its hooks have it; the commands that it runs do not.
        conversation: Some("GEMINI_SESSION_ID"),
        key: None,
        shapes: &[
            (SessionStart, Shape::Nested("SessionStart")),
            // It calls before every request to the model, whether it compresses or not.
            (SessionEnd, Shape::Notice),
        ],
    },
    Host {
        name: "copilot",
        variable: Some("COPILOT_CLI"),
        conversation: Some("COPILOT_AGENT_SESSION_ID"),
        key: None,
        shapes: &[(SessionStart, Shape::Flat), (Stop, Shape::Decision)],
    },
    Host {
        name: "opencode",
        variable: Some("OPENCODE"),
        conversation: None,
        key: None,
        // Our own plugin there passes the text on.
        shapes: &[
            (SessionStart, Shape::Text),
            (PreCompact, Shape::Text),
            (SessionEnd, Shape::Text),
            (Stop, Shape::Text),
            (SubagentStart, Shape::Text),
        ],
    },
    Host {
        name: "cursor",
        variable: Some("CURSOR_AGENT"),
        conversation: None,
        key: Some("cursor_version"),
        shapes: &[(SessionStart, Shape::Snake), (Stop, Shape::Followup)],
    },
    Host {
        name: "cline",
        variable: None,
        conversation: None,
        key: Some("clineVersion"),
        shapes: &[
            (SessionStart, Shape::Modification),
            (PreCompact, Shape::Modification),
        ],
    },
];

impl Host {
    /// The host of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        HOSTS.iter().find(|host| host.name == name)
    }

    /// The host that runs this program, if its environment tells. `variable` is the value of one
    /// that has a value.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Option<&'static Self> {
        HOSTS.iter().find(|host| host.is_set(&variable))
    }

    /// The host that has read the hooks of this one: Copilot runs those of Claude, too, and takes
    /// another form.
    #[must_use]
    pub fn or_reader(&'static self, variable: impl Fn(&str) -> Option<String>) -> &'static Self {
        let copilot = (self.name == "claude").then(|| Self::named("copilot"));
        match copilot.flatten() {
            // Either may have been started by the other one; who is not there has not called.
            Some(copilot) if !self.is_set(&variable) && copilot.is_set(&variable) => copilot,
            _ => self,
        }
    }

    fn is_set(&self, variable: impl Fn(&str) -> Option<String>) -> bool {
        self.variable.is_some_and(|name| variable(name).is_some())
    }

    /// The host that has sent a payload, if its keys tell.
    pub fn of_payload(has: impl Fn(&str) -> bool) -> Option<&'static Self> {
        HOSTS.iter().find(|host| host.key.is_some_and(&has))
    }

    /// What it takes from a hook.
    pub fn shape(&self, event: Event) -> Option<Shape> {
        let shape = self.shapes.iter().find(|(at, _)| *at == event);
        shape.map(|(_, shape)| *shape)
    }
}

/// The ids under which the calling conversation may be known, that of the host that is recognised
/// first: an agent that was started by another one inherits that one's variables.
pub fn conversations(variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let own = Host::of_environment(&variable).and_then(|host| host.conversation);
    let names = HOSTS.iter().filter_map(|host| host.conversation);
    let others = names.filter(|name| Some(*name) != own);
    let names = std::iter::once(CONVERSATION).chain(own).chain(others);
    names.filter_map(variable).collect()
}

/// The variables by which a host tells what it starts that it has, and in which conversation. An
/// agent that is started from another one is not the other one.
pub fn variables() -> impl Iterator<Item = &'static str> {
    let own = HOSTS
        .iter()
        .flat_map(|host| [host.variable, host.conversation]);
    std::iter::once(CONVERSATION).chain(own.flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copilot_is_seen_where_it_runs_the_hooks_of_claude() {
        let told = |named: &str, set: &[&str]| {
            let variable = |name: &str| set.contains(&name).then(String::new);
            Host::named(named).unwrap().or_reader(variable).name
        };
        assert_eq!(told("claude", &["COPILOT_CLI"]), "copilot");
        assert_eq!(told("claude", &[]), "claude");
        assert_eq!(told("claude", &["CLAUDECODE", "COPILOT_CLI"]), "claude");
        assert_eq!(told("codex", &["COPILOT_CLI"]), "codex");
    }
}
