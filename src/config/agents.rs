use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::close::script;
use crate::document::is_token;

/// `[agents.NAME]`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Agent {
    /// The program that runs it; what is left out here is as that program needs it. An agent that
    /// is called as one of them is run by it anyway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Program>,
    /// The program and its arguments that begin a conversation. `{prompt}` is filled in, `{model}`,
    /// `{id}`, a UUID under which the conversation is to be known, and for a word `{args}` those
    /// arguments. No shell reads them. A word for which there is no value is left out, with the
    /// option before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Vec<String>>,
    /// The same for going on with the conversation `{id}`. Without it and without a host no
    /// conversation can be gone on with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<Vec<String>>,
    /// Further arguments, such as `["--permission-mode", "acceptEdits"]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// The model; `--model` says another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How many of it are run at the same time at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<NonZeroU32>,
    /// Where the id of the conversation stands in the lines of JSON that the program prints: a JSON
    /// Pointer (RFC 6901), such as `/session_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^/"))]
    pub conversation: Option<String>,
}

/// A program whose options and output are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Program {
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// GitHub Copilot CLI.
    Copilot,
    /// `OpenCode`.
    OpenCode,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Claude,
        Self::Codex,
        Self::Gemini,
        Self::Copilot,
        Self::OpenCode,
    ];

    /// As it is written, and as the program is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Copilot => "copilot",
            Self::OpenCode => "opencode",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|program| program.name() == name)
    }
}

impl Agent {
    /// What is wrong with its values.
    pub(super) fn defect(&self, name: &str) -> Option<String> {
        let has = |argv: &[String], word: &str| argv.iter().any(|it| it.contains(word));
        let argv = |key: &str, argv: &[String], needed: &str| {
            if argv.first().is_none_or(|program| program.trim().is_empty()) {
                return Some(format!("has no program in its `{key}`"));
            }
            if !has(argv, needed) {
                return Some(format!("has no `{needed}` in its `{key}`"));
            }
            script(argv)
        };
        let start = || argv("start", self.start.as_ref()?, "{prompt}");
        let resume = || {
            let words = self.resume.as_ref()?;
            argv("resume", words, "{id}").or_else(|| argv("resume", words, "{prompt}"))
        };
        let defect = if !is_token(name) {
            Some("has a name that is more than letters, digits, `.`, `_` and `-`".to_owned())
        } else if self.start.is_none() && self.host.or(Program::named(name)).is_none() {
            Some("needs a `host` or a `start`".to_owned())
        } else if self.model.as_deref().is_some_and(|it| !is_model(it)) {
            Some("has a `model` that no program could tell from an option".to_owned())
        } else if self
            .conversation
            .as_ref()
            .is_some_and(|it| !it.starts_with('/'))
        {
            Some("has a `conversation` that is no JSON Pointer such as `/session_id`".to_owned())
        } else {
            start().or_else(resume)
        };
        defect.map(|defect| format!("the agent `{name}` {defect}"))
    }
}

/// Whether text can name a model, and no program would take it for an option.
pub fn is_model(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && !text.contains(char::is_control)
}
