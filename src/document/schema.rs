//! The vocabulary of the format: its keys, its statuses, its sections. Everything that names one of
//! them, from the parser to the reference, reads these tables.

/// The section that says why the work exists.
pub const CONTEXT: &str = "Context";
/// The section that is always handoff-ready.
pub const CURRENT_STATE: &str = "Current State";
/// The section that lists what comes next.
pub const NEXT_STEPS: &str = "Next Steps";
/// The section with waves of items.
pub const EXECUTION_PROGRESS: &str = "Execution Progress";
/// The section with what is needed at the keyboard: files to update, key commands.
pub const TECHNICAL_CONTEXT: &str = "Technical Context";
/// The section that lists what was changed.
pub const FILES_MODIFIED: &str = "Files Modified";
/// The section with what must hold when the work is done.
pub const ACCEPTANCE_CRITERIA: &str = "Acceptance Criteria";
/// The section with numbered decisions.
pub const DECISIONS: &str = "Decisions";
/// The section with what others should learn.
pub const LESSONS_LEARNED: &str = "Lessons Learned";
/// The section that lists what stands in the way.
pub const BLOCKERS: &str = "Blockers";
/// The section of timestamped entries, always the last.
pub const SESSION_LOG: &str = "Session Log";

/// The sections without which a session is invalid.
pub const REQUIRED_SECTIONS: [&str; 3] = [CONTEXT, CURRENT_STATE, NEXT_STEPS];

/// Every section the format knows, in the order in which new ones are placed.
pub const SECTIONS: [&str; 11] = [
    CONTEXT,
    CURRENT_STATE,
    NEXT_STEPS,
    EXECUTION_PROGRESS,
    TECHNICAL_CONTEXT,
    FILES_MODIFIED,
    ACCEPTANCE_CRITERIA,
    DECISIONS,
    LESSONS_LEARNED,
    BLOCKERS,
    SESSION_LOG,
];

/// Whether two section names are the same, letter case and a trailing colon aside.
#[inline]
pub fn same_name(a: &str, b: &str) -> bool {
    // Nearly all names that are compared differ in their first letter, and the rules compare many.
    match (a.as_bytes().first(), b.as_bytes().first()) {
        (Some(&a), Some(&b)) if a > b' ' && b > b' ' && a | 0x20 != b | 0x20 => false,
        _ => same_plain_name(a, b),
    }
}

fn same_plain_name(a: &str, b: &str) -> bool {
    let padded = |name: &str| name.ends_with(|c: char| c == ':' || c.is_whitespace());
    if !padded(a) && !padded(b) {
        return a.trim_start().eq_ignore_ascii_case(b.trim_start());
    }
    let plain = |name: &str| name.trim().trim_end_matches(':').trim_end().len();
    let (a, b) = (a.trim(), b.trim());
    a.get(..plain(a))
        .zip(b.get(..plain(b)))
        .is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// What a key may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// One of [`Status`].
    Status,
    /// RFC 3339.
    Timestamp,
    /// Text.
    Text,
    /// A list of texts.
    Texts,
    /// A list of agents.
    Agents,
    /// A map.
    Map,
}

/// A key the format knows.
#[derive(Debug)]
pub struct Key {
    /// Its path from the top.
    pub path: &'static [&'static str],
    /// What it holds.
    pub value: ValueType,
    /// Whether a session without it is invalid.
    pub required: bool,
}

const fn key(path: &'static [&'static str], value: ValueType, required: bool) -> Key {
    Key {
        path,
        value,
        required,
    }
}

/// Every key of the format, in the order in which they are written.
pub const KEYS: &[Key] = &[
    key(&["session"], ValueType::Map, true),
    key(&["session", "title"], ValueType::Text, true),
    key(&["session", "status"], ValueType::Status, true),
    key(&["session", "created"], ValueType::Timestamp, true),
    key(&["session", "last_updated"], ValueType::Timestamp, true),
    key(&["session", "linear_issue"], ValueType::Text, false),
    key(&["session", "linear_url"], ValueType::Text, false),
    key(&["session", "issue"], ValueType::Text, false),
    key(&["session", "branch"], ValueType::Text, false),
    key(&["session", "parent"], ValueType::Text, false),
    key(&["session", "source"], ValueType::Map, false),
    key(&["session", "source", "path"], ValueType::Text, false),
    key(&["session", "source", "sha256"], ValueType::Text, false),
    key(&["session", "state_recorded"], ValueType::Text, false),
    key(&["orchestration"], ValueType::Map, true),
    key(&["orchestration", "current_task"], ValueType::Text, true),
    key(
        &["orchestration", "spawned_agents"],
        ValueType::Agents,
        false,
    ),
    key(&["orchestration", "handoff"], ValueType::Map, false),
    key(
        &["orchestration", "handoff", "from"],
        ValueType::Text,
        false,
    ),
    key(&["orchestration", "handoff", "to"], ValueType::Text, false),
    key(
        &["orchestration", "handoff", "at"],
        ValueType::Timestamp,
        false,
    ),
    key(
        &["orchestration", "handoff", "branch"],
        ValueType::Text,
        false,
    ),
    key(
        &["orchestration", "handoff", "commit"],
        ValueType::Text,
        false,
    ),
    key(
        &["orchestration", "handoff", "taken_by"],
        ValueType::Text,
        false,
    ),
    key(&["planning"], ValueType::Map, false),
    key(&["planning", "root_seed"], ValueType::Text, false),
    key(&["planning", "spikes"], ValueType::Texts, false),
    key(&["planning", "plan"], ValueType::Text, false),
    key(&["planning", "backlog"], ValueType::Map, false),
    key(&["planning", "backlog", "topic"], ValueType::Text, false),
    key(
        &["planning", "backlog", "backlog_md"],
        ValueType::Text,
        false,
    ),
    key(&["planning", "backlog", "tickets"], ValueType::Texts, false),
];

/// The keys of one item of `spawned_agents`.
pub const AGENT_KEYS: &[(&str, bool)] = &[
    ("agent", true),
    ("task", true),
    ("status", true),
    ("summary", false),
];

/// The state of a session as its frontmatter names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Someone is at it.
    InProgress,
    /// It waits, ready for the next one.
    Paused,
    /// The work is done; the session is about to be closed.
    Completed,
}

impl Status {
    /// All of them, in the order of a session's life.
    pub const ALL: [Self; 3] = [Self::InProgress, Self::Paused, Self::Completed];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Paused => "paused",
            Self::Completed => "completed",
        }
    }

    /// Exactly as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The status that a word from another scheme most likely means.
    pub fn guess(text: &str) -> Option<Self> {
        let plain: String = text
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        Some(match plain.as_str() {
            "inprogress" | "active" | "open" | "wip" | "doing" | "started" | "ongoing"
            | "current" | "running" | "inprogres" | "inprocess" => Self::InProgress,
            "paused" | "parked" | "onhold" | "hold" | "waiting" | "blocked" | "stopped"
            | "suspended" | "pause" => Self::Paused,
            "completed" | "complete" | "done" | "closed" | "finished" | "archived" | "resolved"
            | "merged" => Self::Completed,
            _ => return None,
        })
    }
}

/// The state of a spawned agent's task.
pub const AGENT_STATUSES: [&str; 3] = ["pending", "in_progress", "completed"];
