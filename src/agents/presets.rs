//! What is known of the programs that run agents: how a conversation is begun and gone on with, and
//! what their output means.
//!
//! Every one of them prints one JSON object a line with these options. Standard input has to be
//! closed for all of them; Codex and `OpenCode` would wait for more of the prompt there.

use super::reader::{Means, Sign};
use crate::config::Program;

/// A program whose options and output are known.
#[derive(Debug)]
pub(super) struct Preset {
    /// Begins a conversation.
    pub start: &'static [&'static str],
    /// Goes on with one.
    pub resume: &'static [&'static str],
    /// What its output means.
    pub signs: &'static [Sign],
    /// What it says outside of JSON when it does not know the conversation.
    pub unknown: &'static [&'static str],
    /// The exit code with which it says so when it is asked to go on with one.
    pub unknown_code: Option<i32>,
}

/// What an event means that has these values.
const fn event(
    event: &'static [(&'static str, &'static str)],
    texts: &'static [&'static str],
    means: Means,
) -> Sign {
    Sign {
        event,
        texts,
        means,
    }
}

const CLAUDE: Preset = Preset {
    start: &[
        "claude",
        "-p",
        "{prompt}",
        "--output-format",
        "stream-json",
        "--verbose",
        "--model",
        "{model}",
        "--session-id",
        "{id}",
        "{args}",
    ],
    resume: &[
        "claude",
        "-p",
        "{prompt}",
        "--output-format",
        "stream-json",
        "--verbose",
        "--model",
        "{model}",
        "--resume",
        "{id}",
        "{args}",
    ],
    signs: &[
        event(&[], &["/session_id"], Means::Conversation),
        event(&[("/type", "result")], &["/result"], Means::Answer),
        // The subtype of a failed request is `success` all the same.
        event(
            &[("/type", "result"), ("/is_error", "true")],
            &["/result"],
            Means::Failure,
        ),
    ],
    unknown: &["No conversation found with session ID"],
    unknown_code: None,
};

const CODEX: Preset = Preset {
    start: &[
        "codex", "exec", "--json", "--model", "{model}", "{args}", "{prompt}",
    ],
    resume: &[
        "codex", "exec", "--model", "{model}", "{args}", "resume", "--json", "{id}", "{prompt}",
    ],
    signs: &[
        event(
            &[("/type", "thread.started")],
            &["/thread_id"],
            Means::Conversation,
        ),
        event(
            &[("/type", "item.completed"), ("/item/type", "agent_message")],
            &["/item/text"],
            Means::Answer,
        ),
        event(
            &[("/type", "turn.failed")],
            &["/error/message"],
            Means::Failure,
        ),
        // Said of every try to connect again, too.
        event(&[("/type", "error")], &["/message"], Means::Complaint),
    ],
    unknown: &["no rollout found for thread id"],
    unknown_code: None,
};

const GEMINI: Preset = Preset {
    start: &[
        "gemini",
        "-p",
        "{prompt}",
        "-o",
        "stream-json",
        "-m",
        "{model}",
        "--session-id",
        "{id}",
        "{args}",
    ],
    resume: &[
        "gemini",
        "--resume",
        "{id}",
        "-p",
        "{prompt}",
        "-o",
        "stream-json",
        "-m",
        "{model}",
        "{args}",
    ],
    signs: &[
        event(&[("/type", "init")], &["/session_id"], Means::Conversation),
        event(
            &[
                ("/type", "message"),
                ("/role", "assistant"),
                ("/delta", "true"),
            ],
            &["/content"],
            Means::Piece,
        ),
        event(
            &[("/type", "message"), ("/role", "assistant")],
            &["/content"],
            Means::Answer,
        ),
        event(
            &[("/type", "result"), ("/status", "error")],
            &["/error/message"],
            Means::Failure,
        ),
        event(&[("/type", "error")], &["/message"], Means::Complaint),
    ],
    unknown: &[],
    unknown_code: Some(42),
};

const COPILOT: Preset = Preset {
    start: &[
        "copilot",
        "-p",
        "{prompt}",
        "--output-format",
        "json",
        "--allow-all-tools",
        "--model",
        "{model}",
        "--session-id={id}",
        "{args}",
    ],
    resume: &[
        "copilot",
        "-p",
        "{prompt}",
        "--output-format",
        "json",
        "--allow-all-tools",
        "--model",
        "{model}",
        "--resume={id}",
        "{args}",
    ],
    signs: &[
        event(&[("/type", "result")], &["/sessionId"], Means::Conversation),
        event(
            &[("/type", "assistant.message")],
            &["/data/content"],
            Means::Answer,
        ),
        event(
            &[("/type", "session.error")],
            &["/data/message"],
            Means::Complaint,
        ),
    ],
    unknown: &[],
    unknown_code: None,
};

const OPENCODE: Preset = Preset {
    start: &[
        "opencode", "run", "--format", "json", "--model", "{model}", "{args}", "{prompt}",
    ],
    resume: &[
        "opencode",
        "run",
        "--session",
        "{id}",
        "--format",
        "json",
        "--model",
        "{model}",
        "{args}",
        "{prompt}",
    ],
    signs: &[
        event(&[], &["/sessionID"], Means::Conversation),
        event(&[("/type", "text")], &["/part/text"], Means::Answer),
        event(
            &[("/type", "error")],
            &["/error/data/message", "/error/name"],
            Means::Failure,
        ),
    ],
    unknown: &["Session not found"],
    unknown_code: None,
};

/// What is known of a program.
pub(super) const fn preset(program: Program) -> &'static Preset {
    match program {
        Program::Claude => &CLAUDE,
        Program::Codex => &CODEX,
        Program::Gemini => &GEMINI,
        Program::Copilot => &COPILOT,
        Program::OpenCode => &OPENCODE,
    }
}
