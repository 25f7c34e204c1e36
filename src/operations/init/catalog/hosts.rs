use super::{
    CLAUDE_SETTINGS, CODEX_CONFIG, COPILOT_HOOKS, Form, Hooks, Host, Mcp, OPENCODE_SETTINGS,
    OPENCODE_SETTINGS_JSONC, SKILLS,
};
use crate::hosts::Event;

use Event::{PreCompact, SessionEnd, SessionStart, Stop, SubagentStart, SubagentStop};

const CLAUDE_EVENTS: &[(Event, &str)] = &[
    (SessionStart, "SessionStart"),
    (PreCompact, "PreCompact"),
    (SessionEnd, "SessionEnd"),
    (Stop, "Stop"),
    (SubagentStart, "SubagentStart"),
    (SubagentStop, "SubagentStop"),
];

/// All of them. Where a host shows nothing of an event to anybody it is not asked for it, except
/// for the end of a conversation, which is noted.
pub const HOSTS: [Host; 7] = [
    Host {
        name: "claude",
        title: "Claude Code",
        marks: &[".claude", "CLAUDE.md"],
        program: "claude",
        hooks: Some(Hooks {
            file: CLAUDE_SETTINGS,
            form: Form::Groups,
            events: CLAUDE_EVENTS,
        }),
        mcp: Some(Mcp::Json(".mcp.json", "mcpServers")),
        skills: Some(".claude/skills"),
    },
    Host {
        name: "codex",
        title: "Codex",
        marks: &[".codex"],
        program: "codex",
        hooks: Some(Hooks {
            file: ".codex/hooks.json",
            form: Form::Groups,
            events: CLAUDE_EVENTS,
        }),
        mcp: Some(Mcp::Toml(CODEX_CONFIG)),
        skills: Some(SKILLS),
    },
    Host {
        name: "gemini",
        title: "Gemini CLI",
        marks: &[".gemini", "GEMINI.md"],
        program: "gemini",
        hooks: Some(Hooks {
            file: ".gemini/settings.json",
            form: Form::Named,
            // It calls before every request to the model, whether it compresses or not.
            events: &[(SessionStart, "SessionStart"), (SessionEnd, "SessionEnd")],
        }),
        mcp: Some(Mcp::Json(".gemini/settings.json", "mcpServers")),
        skills: Some(SKILLS),
    },
    Host {
        name: "copilot",
        title: "GitHub Copilot",
        marks: &[".github/hooks", ".github/copilot-instructions.md"],
        program: "copilot",
        hooks: Some(Hooks {
            file: COPILOT_HOOKS,
            form: Form::Shells,
            events: &[
                (SessionStart, "sessionStart"),
                (SessionEnd, "sessionEnd"),
                (Stop, "agentStop"),
                (SubagentStart, "subagentStart"),
                (SubagentStop, "subagentStop"),
            ],
        }),
        mcp: Some(Mcp::Json(".mcp.json", "mcpServers")),
        skills: Some(SKILLS),
    },
    Host {
        name: "cursor",
        title: "Cursor",
        marks: &[".cursor"],
        program: "cursor-agent",
        hooks: Some(Hooks {
            file: ".cursor/hooks.json",
            form: Form::Commands,
            events: &[
                (SessionStart, "sessionStart"),
                (SessionEnd, "sessionEnd"),
                (Stop, "stop"),
            ],
        }),
        mcp: Some(Mcp::Json(".cursor/mcp.json", "mcpServers")),
        skills: Some(SKILLS),
    },
    Host {
        name: "cline",
        title: "Cline",
        marks: &[".clinerules"],
        program: "cline",
        hooks: Some(Hooks {
            file: ".clinerules/hooks",
            form: Form::Scripts,
            events: &[
                (SessionStart, "TaskStart"),
                (SessionStart, "TaskResume"),
                (PreCompact, "PreCompact"),
            ],
        }),
        mcp: None,
        skills: Some(SKILLS),
    },
    Host {
        name: "opencode",
        title: "OpenCode",
        marks: &[".opencode", OPENCODE_SETTINGS, OPENCODE_SETTINGS_JSONC],
        program: "opencode",
        hooks: Some(Hooks {
            file: ".opencode/plugins/agentsess.js",
            form: Form::Plugin,
            events: &[],
        }),
        mcp: Some(Mcp::List(OPENCODE_SETTINGS, "mcp")),
        skills: Some(SKILLS),
    },
];
