//! Arguments of the commands that pass a session from one to the next.

use clap::Args;

use super::{Author, NamedTarget, Secrets};

/// Arguments of `handoff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Ready means: Current State says where things stand and is not older than the log, Next Steps says
what to do, or `None.`, no required section has a placeholder, and lint finds no error. While a
session is not ready, or another agent has it, nothing is touched and the exit code is 1.

It prints the brief with which the next one starts. Reading it consumes nothing.

Examples:
  agentsess handoff --state \"The cache is in; errors loop\" --next \"cap the retries\"
  agentsess handoff weather --to reviewer --message \"The tests are yours\"")]
pub struct Handoff {
    /// Who is to take it
    #[arg(long, value_name = "AGENT")]
    pub to: Option<String>,
    /// Replace Current State
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub state: Option<String>,
    /// Replace Next Steps; can be given more than once
    ///
    /// Open steps that are not given again, by text or id, stay below the new ones.
    #[arg(long, value_name = "ITEM", allow_hyphen_values = true)]
    pub next: Vec<String>,
    /// Let no open step stay that --next does not give; the log keeps its words
    #[arg(long)]
    pub replace: bool,
    /// What to say to the next one; goes to the log
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    pub message: Option<String>,
    /// Hand it over even if another one has it
    #[arg(long)]
    pub take: bool,
    /// Who hands over.
    #[command(flatten)]
    pub author: Author,
    /// The session.
    #[command(flatten)]
    pub target: NamedTarget,
    /// Secrets.
    #[command(flatten)]
    pub secrets: Secrets,
}

/// Arguments of `resume`.
#[derive(Debug, Args)]
#[command(after_help = "\
One takes a session, and another one is told who has it: the exit code is 1, unless --take says
that this is meant. The same goes for an agent to whom it was not handed over, where another
conversation is at work on it, and where another work tree has a newer copy. A person, for whom no
agent is named, may take what was handed to an agent. To look without taking: `agentsess show`.

Where it is not clear which session is meant, it is the one that was handed to who asks; or else
a person at a terminal is asked.

Examples:
  agentsess resume
  agentsess resume weather
  agentsess resume weather --take")]
pub struct Resume {
    /// Take it even if somebody else has it or was to have it, is at work on it, or a newer copy is elsewhere
    #[arg(long)]
    pub take: bool,
    /// Who takes over.
    #[command(flatten)]
    pub author: Author,
    /// The session.
    #[command(flatten)]
    pub target: NamedTarget,
}
