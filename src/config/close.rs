use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the configured status command is called.
pub const ISSUE_COMMAND: &str = "issue-command";

/// What the names of agents begin with where commands are named.
pub const AGENTS: &str = "agents.";

/// The most that can be configured, in seconds.
const LONGEST: f64 = 3600.0;

/// A path that stays where it begins, for the schema.
const WITHIN: &str = r"^(?!/)(?!(.*/)?\.\.(/|$))";

/// The least that can be configured, in seconds.
const SHORTEST_TIMEOUT: f64 = 0.1;

/// Seconds that a program may take where nothing else is configured.
const PROGRAM_TIMEOUT: f64 = 30.0;

/// `[close]`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Close {
    /// The folder of architecture decision records, relative to the root and within it.
    #[schemars(extend("pattern" = WITHIN))]
    pub decisions: PathBuf,
    /// The document that lessons are added to, relative to the root and within it, such as
    /// `docs/lessons.md`. With it `close` looks for each of them there; without it somebody has to
    /// confirm that they are documented.
    #[schemars(with = "Option<String>", extend("pattern" = WITHIN))]
    pub lessons: Option<PathBuf>,
    /// A program and its arguments, such as `["linear-status", "{issue}"]`, that prints the status
    /// of an issue. With it `close` asks it; without it somebody has to confirm that the issue is
    /// done. It runs once it is trusted.
    pub issue_command: Vec<String>,
    /// The statuses that are final, letter case aside.
    pub issue_final: Vec<String>,
    /// How long the program may take, in seconds; 30 if nothing is set.
    #[schemars(range(min = SHORTEST_TIMEOUT, max = LONGEST))]
    pub issue_timeout: Option<f64>,
    /// Items of the gate that are confirmed or waived by a person at a terminal only.
    pub require_human: Vec<Item>,
    /// Programs that file remaining work, by the name for `--file-remaining`. They run once they
    /// are trusted.
    pub sinks: BTreeMap<String, Sink>,
}

/// `[close.sinks.NAME]`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sink {
    /// The program and its arguments, in which `{title}`, `{body}` and `{session}` are filled in.
    /// No shell reads them.
    pub argv: Vec<String>,
    /// Regular expression for the id in what it prints: its first group, or all of it.
    pub id: String,
    /// What it gets on standard input.
    #[serde(default)]
    pub stdin: SinkInput,
    /// How long it may take, in seconds; 30 if nothing is set.
    #[schemars(range(min = SHORTEST_TIMEOUT, max = LONGEST))]
    pub timeout: Option<f64>,
}

/// What a program that files remaining work gets on standard input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SinkInput {
    /// Nothing.
    #[default]
    None,
    /// The body.
    Body,
}

impl SinkInput {
    /// Whether it is the body.
    pub fn is_body(self) -> bool {
        self == Self::Body
    }
}

impl Default for Close {
    fn default() -> Self {
        Self {
            decisions: "docs/decisions".into(),
            lessons: None,
            issue_command: Vec::new(),
            issue_final: ["done", "closed", "completed", "merged"]
                .map(String::from)
                .to_vec(),
            issue_timeout: None,
            require_human: Vec::new(),
            sinks: BTreeMap::new(),
        }
    }
}

impl Close {
    /// How long a program may take for which this many seconds are configured.
    pub fn limit(&self, seconds: Option<f64>) -> Duration {
        Duration::from_secs_f64(seconds.unwrap_or(PROGRAM_TIMEOUT))
    }

    /// What is wrong with its values, and the key it is about.
    pub(super) fn defect(&self) -> Option<(String, String)> {
        for (key, path) in [
            ("decisions", Some(&self.decisions)),
            ("lessons", self.lessons.as_ref()),
        ] {
            if path.is_some_and(|path| path.is_absolute() || path.iter().any(|part| part == "..")) {
                let message = format!("`close.{key}` must stay within the repository");
                return Some((key.to_owned(), message));
            }
        }
        let timeout = |timeout: Option<f64>| {
            timeout.is_some_and(|timeout| !(SHORTEST_TIMEOUT..=LONGEST).contains(&timeout))
        };
        let range = format!("must be between {SHORTEST_TIMEOUT} and {LONGEST}");
        if timeout(self.issue_timeout) {
            return Some((
                "issue-timeout".to_owned(),
                format!("`issue-timeout` {range}"),
            ));
        }
        if let Some(message) = script(&self.issue_command) {
            return Some(("issue-command".to_owned(), message));
        }
        for (name, sink) in &self.sinks {
            let defect = if sink.argv.first().is_none_or(String::is_empty) {
                Some("has no program in its `argv`".to_owned())
            } else if timeout(sink.timeout) {
                Some(format!("has a `timeout` that {range}"))
            } else if let Err(error) = Regex::new(&sink.id) {
                Some(format!(
                    "has an `id` that is no regular expression: {error}"
                ))
            } else if name == ISSUE_COMMAND || name.starts_with(AGENTS) {
                Some("has a name that is taken".to_owned())
            } else {
                script(&sink.argv)
            };
            if let Some(defect) = defect {
                return Some((name.clone(), format!("the sink `{name}` {defect}")));
            }
        }
        None
    }
}

/// What is wrong with a command that fills a session's words into a script.
pub(super) fn script(argv: &[String]) -> Option<String> {
    let program = argv
        .first()
        .and_then(|program| program.rsplit('/').next())?;
    let shells = ["sh", "bash", "dash", "zsh", "ksh", "fish"];
    let filled = |word: &&String| word.contains('{');
    let code = argv
        .iter()
        .position(|word| word.starts_with('-') && word.ends_with('c'))?;
    let script = argv.get(code + 1).filter(filled);
    (shells.contains(&program) && script.is_some()).then(|| {
        "fills words into a script, where a shell would run them; pass them behind it and write \
         \"$1\""
            .to_owned()
    })
}

/// An item of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Item {
    /// The external issue has its final status.
    Issue,
    /// Architectural decisions are captured.
    Decisions,
    /// Lessons are added to the documentation.
    Lessons,
    /// API contracts are documented.
    Api,
    /// Remaining work is filed.
    Remaining,
    /// The implementation is in git.
    Committed,
    /// Nothing else mentions the session.
    References,
    /// Nothing is unsaved.
    Saved,
}

impl Item {
    /// All of them, in the order in which they are checked.
    pub const ALL: [Self; 8] = [
        Self::Issue,
        Self::Decisions,
        Self::Lessons,
        Self::Api,
        Self::Remaining,
        Self::Committed,
        Self::References,
        Self::Saved,
    ];

    /// As it is written on the command line.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Decisions => "decisions",
            Self::Lessons => "lessons",
            Self::Api => "api",
            Self::Remaining => "remaining",
            Self::Committed => "committed",
            Self::References => "references",
            Self::Saved => "saved",
        }
    }

    /// What it asks for.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Issue => "the external issue has its final status",
            Self::Decisions => "architectural decisions are captured",
            Self::Lessons => "lessons are added to the documentation",
            Self::Api => "API contracts are documented",
            Self::Remaining => "remaining work is filed",
            Self::Committed => "the implementation is in git",
            Self::References => "nothing else mentions the session",
            Self::Saved => "nothing is unsaved",
        }
    }
}
