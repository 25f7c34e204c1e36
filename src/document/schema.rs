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
    // The rules compare many names, and nearly all of those differ in their first letter.
    if let (Some(&first), Some(&other)) = (a.as_bytes().first(), b.as_bytes().first())
        && first.is_ascii_graphic()
        && other.is_ascii_graphic()
    {
        let is_word = |name: &str| name.ends_with(|c: char| c.is_ascii_alphanumeric());
        if first | 0x20 != other | 0x20 {
            return false;
        }
        if is_word(a) && is_word(b) {
            return a.eq_ignore_ascii_case(b);
        }
    }
    same_padded_name(a, b)
}

/// The form that names have in common which are [the same](same_name), for looking one up among many.
pub fn folded_name(name: &str) -> String {
    plain_name(name).to_ascii_lowercase()
}

/// Whether two names differ only by blanks, punctuation and a letter or two, the first one aside.
pub fn is_slip(title: &str, name: &str) -> bool {
    let first = |text: &str| text.chars().next().map(|c| c.to_ascii_lowercase());
    if title.len().abs_diff(name.len()) > 4 || first(title) != first(name) {
        return false;
    }
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let (title, name) = (plain(title), plain(name));
    let slips = match name.len() {
        0..5 => 0,
        5..10 => 1,
        _ => 2,
    };
    strsim::osa_distance(&title, &name) <= slips
}

fn same_padded_name(a: &str, b: &str) -> bool {
    let padded = |name: &str| name.ends_with(|c: char| c == ':' || c.is_whitespace());
    if !padded(a) && !padded(b) {
        return a.trim_start().eq_ignore_ascii_case(b.trim_start());
    }
    plain_name(a).eq_ignore_ascii_case(plain_name(b))
}

fn plain_name(name: &str) -> &str {
    name.trim().trim_end_matches(':').trim_end()
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
    /// What it means, in a phrase.
    pub about: &'static str,
}

const REQUIRED: bool = true;
const OPTIONAL: bool = false;

macro_rules! keys {
    ($($required:ident $value:ident $($part:ident).+: $about:literal;)+) => {
        &[$(Key {
            path: &[$(stringify!($part)),+],
            value: ValueType::$value,
            required: $required,
            about: $about,
        }),+]
    };
}

/// Every key of the format, in the order in which they are written.
pub const KEYS: &[Key] = keys! {
    REQUIRED Map       session: "the work itself";
    REQUIRED Text      session.title: "what it is called, on one line";
    REQUIRED Status    session.status: "`in_progress`, `paused` or `completed`";
    REQUIRED Timestamp session.created: "when it began; never changes";
    REQUIRED Timestamp session.last_updated: "the last change; never goes backwards";
    OPTIONAL Text      session.linear_issue: "issue in Linear, `BACK-123`";
    OPTIONAL Text      session.linear_url: "its address";
    OPTIONAL Text      session.issue: "issue in any other tracker: `#12`, `owner/repo#12` or an address";
    OPTIONAL Text      session.branch: "branch on which it was created";
    OPTIONAL Text      session.parent: "the session this one continues: file name without `.md`";
    OPTIONAL Map       session.source: "the document it started from";
    OPTIONAL Text      session.source.path: "that document, relative to the repository";
    OPTIONAL Text      session.source.sha256: "its SHA-256 at that time, in hex";
    OPTIONAL Text      session.source.blob: "its id in git, where it was committed at that time";
    OPTIONAL Text      session.state_recorded: "when Current State was last written, its hash and the number of entries";
    REQUIRED Map       orchestration: "who does what";
    REQUIRED Text      orchestration.current_task: "what is being worked on";
    OPTIONAL Agents    orchestration.spawned_agents: "tasks given to agents";
    OPTIONAL Map       orchestration.handoff: "the last handoff";
    OPTIONAL Text      orchestration.handoff.from: "who gave the work away";
    OPTIONAL Text      orchestration.handoff.to: "who is to take it";
    OPTIONAL Timestamp orchestration.handoff.at: "when";
    OPTIONAL Text      orchestration.handoff.branch: "branch on which the work stands";
    OPTIONAL Text      orchestration.handoff.commit: "commit it stands at";
    OPTIONAL Text      orchestration.handoff.taken_by: "who took it, and when";
    OPTIONAL Map       planning: "where the work came from and went to";
    OPTIONAL Text      planning.root_seed: "the idea it grew from";
    OPTIONAL Texts     planning.spikes: "spikes made for it";
    OPTIONAL Text      planning.plan: "its plan";
    OPTIONAL Map       planning.backlog: "where remaining work was filed";
    OPTIONAL Text      planning.backlog.topic: "topic it was filed under";
    OPTIONAL Text      planning.backlog.backlog_md: "file it was filed in, relative to the repository";
    OPTIONAL Texts     planning.backlog.tickets: "ids it got";
};

/// A key of one item of `spawned_agents`.
#[derive(Debug)]
pub struct AgentKey {
    /// Its name.
    pub name: &'static str,
    /// Whether an agent without it is invalid.
    pub required: bool,
    /// What it means, in a phrase.
    pub about: &'static str,
}

const fn agent_key(name: &'static str, required: bool, about: &'static str) -> AgentKey {
    AgentKey {
        name,
        required,
        about,
    }
}

/// The keys of one item of `spawned_agents`.
pub const AGENT_KEYS: &[AgentKey] = &[
    agent_key("agent", REQUIRED, "its name"),
    agent_key("task", REQUIRED, "what it is to do"),
    agent_key(
        "status",
        REQUIRED,
        "`pending`, `in_progress` or `completed`",
    ),
    agent_key(
        "summary",
        OPTIONAL,
        "what came of it; expected once `completed`",
    ),
];

/// The state of a session as its frontmatter names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
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
            | "current" | "running" | "inprogres" | "inprocess" | "aktiv" | "inarbeit"
            | "encours" | "encurso" => Self::InProgress,
            "paused" | "parked" | "onhold" | "hold" | "waiting" | "blocked" | "stopped"
            | "suspended" | "pause" | "pausiert" | "wartet" | "blockiert" | "enpause"
            | "enattente" | "bloqué" | "enpausa" | "pausado" | "bloqueado" => Self::Paused,
            "completed" | "complete" | "done" | "closed" | "finished" | "archived" | "resolved"
            | "merged" | "erledigt" | "fertig" | "abgeschlossen" | "beendet" | "terminé"
            | "fini" | "terminado" | "completado" | "hecho" | "cerrado" => Self::Completed,
            _ => return None,
        })
    }
}

/// The state of a spawned agent's task.
pub const AGENT_STATUSES: [&str; 3] = ["pending", "in_progress", "completed"];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn names_are_the_same_whose_folded_forms_are(
            a in "[ \u{a0}]?[aAbÜ]?[bB]?[ :]{0,3}",
            b in "[ \u{a0}]?[aAbÜ]?[bB]?[ :]{0,3}",
        ) {
            prop_assert_eq!(same_name(&a, &b), folded_name(&a) == folded_name(&b));
        }
    }
}
