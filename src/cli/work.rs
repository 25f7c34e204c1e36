//! Arguments of the commands for working on a session.

use clap::{Args, Subcommand};

use super::{Author, NamedTarget, Secrets, Target};

/// Who writes to which session.
#[derive(Debug, Args)]
pub struct Writing {
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

/// Arguments of `log`.
#[derive(Debug, Args)]
#[command(after_help = "\
Everything given in one call is one write.

Examples:
  agentsess log \"The parser accepts fractions now\"
  agentsess log \"Found it\" --state \"Cause known: the cache is shared\" --next \"write a test\"
  agentsess log \"Wave 1 is done\" --done BACK-101 --file src/cache.rs
  agentsess log - --agent reviewer --action review <<'EOF'
  The retry loop never gives up.

  ## Current State
  The happy path works; errors loop.

  ## Blockers +
  - the staging key has expired
  EOF")]
pub struct Log {
    /// What happened; `-` reads Markdown from standard input
    ///
    /// With `-`, leading text is the entry, a `## Name` block replaces that section, and `## Name
    /// +` adds to it. Of a section that is replaced, Current State aside, the entry keeps what it no
    /// longer says. Text can hold anything: what would change the structure of the file is escaped.
    #[arg(value_name = "MESSAGE|-")]
    pub message: Vec<String>,
    /// What happened, as an option
    #[arg(
        short = 'm',
        long = "message",
        aliases = ["note", "text", "body"],
        value_name = "TEXT",
        hide_short_help = true,
        allow_hyphen_values = true
    )]
    pub named: Option<String>,
    /// What was done, in one word
    #[arg(long, value_name = "WORD", default_value = "note")]
    pub action: String,
    /// Replace Current State
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub state: Option<String>,
    /// Replace Next Steps; can be given more than once
    ///
    /// Open steps that are not given again, by text or id, stay below the new ones. The same goes
    /// for a `## Next Steps` block.
    #[arg(long, value_name = "ITEM", allow_hyphen_values = true)]
    pub next: Vec<String>,
    /// Let no open step stay that --next does not give; the log keeps its words
    #[arg(long)]
    pub replace: bool,
    /// Replace the current task
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub current: Option<String>,
    /// Tick an item, by id or part of its text; can be given more than once
    #[arg(long, alias = "tick", value_name = "ITEM", allow_hyphen_values = true)]
    pub done: Vec<String>,
    /// Add a path to Files Modified; can be given more than once
    #[arg(long = "file", value_name = "PATH")]
    pub files: Vec<String>,
    /// Who writes, and where.
    #[command(flatten)]
    pub writing: Writing,
}

/// Arguments of `set`.
#[derive(Debug, Args)]
#[command(after_help = "\
Keys: title, status, current, issue, linear_issue, linear_url, branch, parent.
An empty value removes a key that is not required.

Examples:
  agentsess set status paused
  agentsess set current \"write the migration\"
  agentsess set issue acme/app#12 -s weather")]
pub struct Set {
    /// The key
    pub key: String,
    /// The value
    #[arg(allow_hyphen_values = true)]
    pub value: String,
    /// The session.
    #[command(flatten)]
    pub target: Target,
    /// Secrets.
    #[command(flatten)]
    pub secrets: Secrets,
}

/// Arguments of `done`.
#[derive(Debug, Args)]
#[command(after_help = "\
All of them or none: if one is not found, nothing is written. A wave whose last item is ticked
becomes DONE, and the next one ACTIVE. A current task that is ticked makes room for the next open
item. To say more about it: `agentsess log \"What happened\" --done ITEM`.

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
    /// Who writes, and where.
    #[command(flatten)]
    pub writing: Writing,
}

/// Arguments of `block`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess block \"the staging key has expired\"")]
pub struct Block {
    /// What stands in the way
    #[arg(value_name = "TEXT", required_unless_present = "named")]
    pub text: Vec<String>,
    /// The same, as an option
    #[arg(
        short = 'm',
        long = "message",
        aliases = ["text", "note", "because", "reason"],
        value_name = "TEXT",
        conflicts_with = "text",
        allow_hyphen_values = true,
        hide = true
    )]
    pub named: Option<String>,
    /// Who writes, and where.
    #[command(flatten)]
    pub writing: Writing,
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
  agentsess pause \"the release comes first\"")]
pub struct Pause {
    /// Why
    #[arg(value_name = "REASON", conflicts_with = "because")]
    pub reason: Vec<String>,
    /// Why, as an option
    #[arg(
        short = 'm',
        long,
        aliases = ["reason", "message", "note"],
        value_name = "REASON",
        allow_hyphen_values = true
    )]
    pub because: Option<String>,
    /// Who writes, and where.
    #[command(flatten)]
    pub writing: Writing,
}

/// Arguments of `use`.
#[derive(Debug, Args)]
#[command(after_help = "\
Which session a command means: -s, then AGENTSESS_SESSION, then the one that the conversation with
an agent is bound to, then the one that is used in this work tree, then the only active one. Within
such a conversation this binds the conversation, as `new` and `resume` do, and nothing else.

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
