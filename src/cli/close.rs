use clap::Args;

use super::{Author, NamedTarget};

/// Arguments of `close`.
#[derive(Debug, Args)]
#[command(after_help = "\
The gate, each item proven where it can be:
  issue       the external issue has its final status           (close.issue-command, confirm)
  decisions   each decision has a record in docs/decisions      (--write-adrs)
  lessons     each lesson is in the documentation               (--write-lessons, confirm)
  api         API contracts are documented                      (confirm)
  remaining   every open item bears an issue id                 (--file-remaining)
  committed   the files the session names are committed
  references  nothing else in the repository mentions it
  saved       no lint error; a copy goes to the trash first

While an item is unmet nothing is touched and the exit code is 1. Then what is missing is written
and filed, and the session deleted last; if filing fails, closing again goes on from there.

Examples:
  agentsess close --dry-run
  agentsess close weather --confirm issue --confirm lessons
  agentsess close weather --write-adrs --write-lessons --file-remaining github
  agentsess close --all-completed --commit
  agentsess close weather --waive remaining=\"superseded by BACK-140\"")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct Close {
    /// Vouch for an item that cannot be proven; can be given more than once
    #[arg(long, value_name = "ITEM")]
    pub confirm: Vec<String>,
    /// Let an item go, with the reason; can be given more than once
    #[arg(long, value_name = "ITEM=REASON")]
    pub waive: Vec<String>,
    /// Write a record for each decision that has none
    ///
    /// The records go to `close.decisions`, in the form of MADR and under the folder's next numbers.
    #[arg(long)]
    pub write_adrs: bool,
    /// Add each lesson to `close.lessons` that is not there yet
    #[arg(long)]
    pub write_lessons: bool,
    /// File every open item without an issue id, and write its id to its line
    ///
    /// Where to: a file of the project that ends in .md or .json, `github`, `beads`, `tk`, or a
    /// program of `close.sinks`. Programs run once they are trusted, see `agentsess trust`.
    #[arg(long, value_name = "SINK")]
    pub file_remaining: Option<String>,
    /// An item that a stopped close was filing was filed, under this id
    ///
    /// ITEM is its number, as the refusal (`item 3: …`) and `close --dry-run` show it, or its title
    /// or a part of it that no other such item has.
    #[arg(long, value_name = "ITEM=ID", value_parser = filed, hide_short_help = true)]
    pub filed: Vec<(String, String)>,
    /// An item that a stopped close was filing was not filed
    ///
    /// ITEM as with `--filed`.
    #[arg(long, value_name = "ITEM", hide_short_help = true)]
    pub refile: Vec<String>,
    /// Make one commit of exactly what closing changes; if a hook refuses it, the session stays
    ///
    /// That is the deleted session, and the records, lessons, lists and other sessions that closing
    /// wrote. What else is staged stays staged.
    #[arg(long)]
    pub commit: bool,
    /// Close every completed session, each through its own gate
    #[arg(long, conflicts_with_all = ["named", "session", "filed", "refile"])]
    pub all_completed: bool,
    /// Print the gate and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Who vouches.
    #[command(flatten)]
    pub author: Author,
    /// The session.
    #[command(flatten)]
    pub target: NamedTarget,
}

fn filed(text: &str) -> Result<(String, String), String> {
    // An id has no `=`.
    let parts = text.rsplit_once('=');
    let parts = parts.map(|(item, id)| (item.to_owned(), id.to_owned()));
    parts.ok_or_else(|| "this is not an item, `=` and an id".to_owned())
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
#[command(after_help = "\
From the trash a session comes back byte for byte. Where only a record is left of it, a new file is
made that says what the record knows. A session with a record is the one that this work tree uses
then; the planning session that it used is recorded as archived and paused.

Examples:
  agentsess restore
  agentsess restore weather
  agentsess restore weather@2025-12-04T14-30-00Z")]
pub struct Restore {
    /// A name, the id of a record, a seed, or the beginning of one; without it, the trash is listed
    pub name: Option<String>,
    /// Who.
    #[command(flatten)]
    pub author: Author,
}
