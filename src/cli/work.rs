//! Arguments of the commands for working on a session.

use clap::{Args, Subcommand};

use super::{Author, NamedTarget, Secrets, Target};

/// Arguments of `done`.
#[derive(Debug, Args)]
#[command(after_help = "\
All of them or none: if one is not found, nothing is written. A wave whose last item is ticked
becomes DONE, and the next one ACTIVE.

Examples:
  agentsess done BACK-101
  agentsess done \"write a test\" BACK-102 -s weather")]
pub struct Done {
    /// Items, each by id, text, or a part of its text that no other open item has
    #[arg(value_name = "ID|TEXT", required = true)]
    pub items: Vec<String>,
    /// Who.
    #[command(flatten)]
    pub author: Author,
    /// The session.
    #[command(flatten)]
    pub target: Target,
}

/// Arguments of `task`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess task add \"measure again with a cold cache\"
  agentsess task add \"BACK-102 - migrate the table\" --wave 2")]
pub struct Task {
    /// What to do.
    #[command(subcommand)]
    pub command: TaskCommand,
}

/// The commands of `task`.
#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// Add an open item: to Next Steps, to a wave, or to the acceptance criteria
    Add(TaskAdd),
}

/// Arguments of `task add`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess task add \"measure again with a cold cache\"
  agentsess task add \"BACK-102 - migrate the table\" --wave 2
  agentsess task add \"p99 stays below 40 ms\" --criterion")]
pub struct TaskAdd {
    /// What is to be done, after its id if it has one: `BACK-102 - migrate the table`
    #[arg(value_name = "TEXT", required = true)]
    pub text: Vec<String>,
    /// Add it to the wave of this number
    #[arg(long, value_name = "N", conflicts_with = "criterion")]
    pub wave: Option<u32>,
    /// Add it to Acceptance Criteria
    #[arg(long)]
    pub criterion: bool,
    /// The session.
    #[command(flatten)]
    pub target: Target,
    /// Secrets.
    #[command(flatten)]
    pub secrets: Secrets,
}

/// Arguments of `decide`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess decide \"Retry before falling back\" --decision \"Three attempts\" --rationale \"Bursts are short\"")]
pub struct Decide {
    /// What it is about
    #[arg(value_name = "TITLE", required = true)]
    pub title: Vec<String>,
    /// What was decided
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub decision: String,
    /// Why
    #[arg(
        long,
        alias = "because",
        value_name = "TEXT",
        allow_hyphen_values = true
    )]
    pub rationale: String,
    /// Who.
    #[command(flatten)]
    pub author: Author,
    /// The session.
    #[command(flatten)]
    pub target: Target,
    /// Secrets.
    #[command(flatten)]
    pub secrets: Secrets,
}

/// Arguments of `block`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess block \"the staging key has expired\"")]
pub struct Block {
    /// What stands in the way
    #[arg(value_name = "TEXT", required = true)]
    pub text: Vec<String>,
    /// Who.
    #[command(flatten)]
    pub author: Author,
    /// The session.
    #[command(flatten)]
    pub target: Target,
    /// Secrets.
    #[command(flatten)]
    pub secrets: Secrets,
}

/// Arguments of `unblock`.
#[derive(Debug, Args)]
#[command(after_help = "\
The blocker goes from Blockers to the log, word for word.

Examples:
  agentsess unblock
  agentsess unblock \"staging key\"")]
pub struct Unblock {
    /// The blocker, or a part of its text; without it, the only one
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// Who.
    #[command(flatten)]
    pub author: Author,
    /// The session.
    #[command(flatten)]
    pub target: Target,
}

/// Arguments of `pause`.
#[derive(Debug, Args)]
#[command(after_help = "\
To give the work to somebody else, use `agentsess handoff`: it makes sure that they can go on.

Examples:
  agentsess pause
  agentsess pause --because \"the release comes first\"")]
pub struct Pause {
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub because: Option<String>,
    /// Who.
    #[command(flatten)]
    pub author: Author,
    /// The session.
    #[command(flatten)]
    pub target: Target,
    /// Secrets.
    #[command(flatten)]
    pub secrets: Secrets,
}

/// Arguments of `use`.
#[derive(Debug, Args)]
#[command(after_help = "\
Which session a command means: -s, then AGENTSESS_SESSION, then the one that is used in this work
tree, then the only active one.

Examples:
  agentsess use weather
  agentsess use
  agentsess use --none")]
pub struct Use {
    /// The session: path, name, beginning of a name, issue id or @latest; without it, the one that
    /// is used is printed
    #[arg(value_name = "SESSION", conflicts_with = "none")]
    pub session: Option<String>,
    /// Use none any more
    #[arg(long)]
    pub none: bool,
}

/// Arguments of `edit`.
#[derive(Debug, Args)]
#[command(after_help = "\
The editor is VISUAL, EDITOR or vi. It gets a copy; what others write meanwhile is merged with it.

Exit codes: 0 done; 1 lint found errors in the session, or others changed the same lines; 2 the
editor failed, or wrong use.

Examples:
  agentsess edit
  EDITOR=\"code --wait\" agentsess edit weather")]
pub struct Edit {
    /// The session.
    #[command(flatten)]
    pub target: NamedTarget,
}
