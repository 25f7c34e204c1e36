//! The arguments of the tools. What is said of them here is what a model reads.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::Item;
use crate::document::Status;

/// Arguments of `session_list`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// Completed sessions too.
    #[serde(default)]
    pub completed: bool,
    /// Only sessions that nobody has written to for too long.
    #[serde(default)]
    pub stale: bool,
    /// At most so many.
    #[serde(default = "many")]
    pub limit: usize,
}

/// As many sessions as somebody can choose from.
fn many() -> usize {
    50
}

/// Arguments of `session_show`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Show {
    /// The session: its name, a unique beginning of its name or slug, its issue id, or `@latest`.
    pub session: String,
    /// Only this section, such as `Next Steps`.
    pub section: Option<String>,
    /// The whole file.
    #[serde(default)]
    pub full: bool,
}

/// Arguments of `session_new`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// What the work is about, in a few words.
    pub title: String,
    /// Why the work exists, and what to know before touching it. Markdown.
    pub context: Option<String>,
    /// Next steps, one each.
    #[serde(default)]
    pub next: Vec<String>,
    /// What is being worked on; by default the first next step, or the title.
    pub current: Option<String>,
    /// The issue it belongs to: an id or an address.
    pub issue: Option<String>,
    /// What to start from: `session`, `full`, `bugfix`, `research`, `review` or a template of the project.
    pub template: Option<String>,
    /// The document of the project that it starts from; a path.
    pub from: Option<String>,
    /// The session it continues, open or closed.
    pub parent: Option<String>,
    /// Who writes; by default the client.
    pub agent: Option<String>,
}

/// Arguments of `session_log`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    /// The session: its name, a unique beginning of its name or slug, or its issue id.
    pub session: String,
    /// What happened. Markdown.
    pub message: String,
    /// Other sections, such as Context and Decisions: `## Name` and text below it replace one, `## Name +` adds to it. Markdown.
    pub sections: Option<String>,
    /// What was done, in one word.
    #[serde(default = "note")]
    pub action: String,
    /// Replaces Current State: where things stand now. Markdown.
    pub state: Option<String>,
    /// Replaces Next Steps, one each; open steps that are not given again stay below them.
    #[serde(default)]
    pub next: Vec<String>,
    /// Let no open step stay that `next` does not give.
    #[serde(default)]
    pub replace: bool,
    /// Items to tick, each by its id or a part of its text.
    #[serde(default)]
    pub done: Vec<String>,
    /// Paths to add to Files Modified.
    #[serde(default)]
    pub files: Vec<String>,
    /// Who writes; by default the client.
    pub agent: Option<String>,
}

fn note() -> String {
    "note".to_owned()
}

/// Arguments of `session_update`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    /// The session: its name, a unique beginning of its name or slug, or its issue id.
    pub session: String,
    /// Replaces Current State: where things stand now. Markdown.
    pub state: Option<String>,
    /// Replaces Next Steps, one each; open steps that are not given again stay below them.
    #[serde(default)]
    pub next: Vec<String>,
    /// Let no open step stay that `next` does not give.
    #[serde(default)]
    pub replace: bool,
    /// What is being worked on.
    pub current: Option<String>,
    /// The status.
    #[serde(default)]
    #[schemars(with = "Status")]
    pub status: Option<String>,
    /// Who writes; by default the client.
    pub agent: Option<String>,
}

/// Arguments of `session_done`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Done {
    /// The session: its name, a unique beginning of its name or slug, or its issue id.
    pub session: String,
    /// Items to tick, each by its id or a part of its text. All of them or none.
    #[schemars(length(min = 1))]
    pub items: Vec<String>,
    /// Who writes; by default the client.
    pub agent: Option<String>,
}

/// Arguments of `session_handoff`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Handoff {
    /// The session: its name, a unique beginning of its name or slug, or its issue id.
    pub session: String,
    /// Who is to take it.
    pub to: Option<String>,
    /// Replaces Current State: where things stand now. Markdown.
    pub state: Option<String>,
    /// Replaces Next Steps, one each; open steps that are not given again stay below them.
    #[serde(default)]
    pub next: Vec<String>,
    /// Let no open step stay that `next` does not give.
    #[serde(default)]
    pub replace: bool,
    /// What to say to the next one; goes to the log.
    pub message: Option<String>,
    /// Hand it over even if another one has it.
    #[serde(default)]
    pub take: bool,
    /// Who hands over; by default the client.
    pub agent: Option<String>,
}

/// Arguments of `session_resume`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Resume {
    /// The session: its name, a unique beginning of its name or slug, or its issue id.
    pub session: String,
    /// Take it even if somebody else has it or was to have it, or a newer copy is elsewhere.
    #[serde(default)]
    pub take: bool,
    /// Who takes it; by default the client.
    pub agent: Option<String>,
}

/// Arguments of `session_lint`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lint {
    /// The sessions to check, each by its name or a unique beginning; by default all of them.
    #[serde(default)]
    pub sessions: Vec<String>,
}

/// Arguments of `session_close_check` and `session_close`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Close {
    /// The session: its name, a unique beginning of its name or slug, or its issue id.
    pub session: String,
    /// Items that cannot be proven and that somebody vouches for. Confirm only what you have verified.
    #[serde(default)]
    #[schemars(with = "Vec<Item>")]
    pub confirm: Vec<String>,
    /// Items to let go, each with the reason.
    #[serde(default)]
    pub waive: Vec<Waiver>,
    /// Write a record for each decision that has none.
    #[serde(default)]
    pub write_adrs: bool,
    /// Add each lesson to the project's document that does not have it.
    #[serde(default)]
    pub write_lessons: bool,
    /// File every open item without an issue id: in a file of the project that ends in .md or .json, or with `github`, `beads`, `tk` or a configured program that is trusted.
    pub file_remaining: Option<String>,
    /// Items that a stopped close was filing and that were filed, each with its id.
    #[serde(default)]
    pub filed: Vec<FiledAs>,
    /// Items that a stopped close was filing and that were not filed.
    #[serde(default)]
    pub refile: Vec<String>,
    /// Make one commit of exactly what closing changes.
    #[serde(default)]
    pub commit: bool,
    /// Who closes; by default the client.
    pub agent: Option<String>,
}

/// An item that is let go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiver {
    /// The item.
    #[schemars(with = "Item")]
    pub item: String,
    /// Why it does not matter.
    pub reason: String,
}

/// An item that was filed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FiledAs {
    /// Its number, title or a part of that.
    pub item: String,
    /// Its id there.
    pub id: String,
}
