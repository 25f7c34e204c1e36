use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};

use super::Target;

/// Items that agents are started on, and how.
#[derive(Debug, Args)]
pub struct Items {
    /// Start an agent on every open item of a wave
    ///
    /// On each the agent that it mentions, as in `@claude`, or else --agent.
    #[arg(long, value_name = "N", group = "items", conflicts_with_all = ["item", "command"])]
    pub wave: Option<u32>,
    /// Start an agent on every open item of Execution Progress, wave after wave
    #[arg(long, group = "items", conflicts_with_all = ["item", "command"])]
    pub all_open: bool,
    /// How items are gone on with on which an agent failed before, or was interrupted
    ///
    /// On a terminal it is asked.
    #[arg(long, value_name = "HOW", requires = "items")]
    pub on_failed: Option<OnFailed>,
    /// Open a window of tmux for each agent, and wait until all have ended
    #[arg(long, requires = "items")]
    pub tmux: bool,
    /// How many at once, and when it is enough.
    #[command(flatten)]
    pub limits: Limits,
}

impl Items {
    /// Whether they are asked for.
    pub fn are_several(&self) -> bool {
        self.wave.is_some() || self.all_open
    }
}

/// How many agents are started.
#[derive(Debug, Args)]
pub struct Limits {
    /// How many run at once
    #[arg(long, value_name = "N", default_value = "4")]
    pub jobs: NonZeroUsize,
    /// Start no more once so many have failed
    #[arg(long, value_name = "N")]
    pub max_failures: Option<NonZeroUsize>,
}

/// What becomes of items that failed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnFailed {
    /// Leave them out
    Continue,
    /// Go on with them first: where the conversation is known it goes on, otherwise the agent starts
    /// over
    Fix,
    /// Start nothing
    Abort,
}

/// Arguments of `runs fix`.
#[derive(Debug, Args)]
#[command(after_help = "\
Incomplete is an item of a wave on which agents were started, if it is open and none runs on it; and a
task without an item whose last run failed or was interrupted. On a terminal it is shown and asked how
to go on; without one, and without being told how, this prints it and exits with 1.

What is started comes from the configuration, or is one of the agents that are known, and has to be
trusted. A command that was given by hand is started again only after it was shown and confirmed.

Exit codes: 0 nothing is left; 1 something is; 2 wrong use.

Examples:
  agentsess runs fix
  agentsess runs fix --resume
  agentsess runs fix BACK-124 --agent codex
  agentsess runs fix --new-wave \"Second try\"")]
pub struct Fix {
    /// Only this: a run, or an item by its id or a part of its text
    #[arg(value_name = "RUN|ITEM")]
    pub which: Option<String>,
    /// Go on with the conversations, by their ids
    #[arg(long, group = "way")]
    pub resume: bool,
    /// Have the same agents start over
    #[arg(long, group = "way")]
    pub retry: bool,
    /// Have another agent start over
    #[arg(id = "started", long = "agent", value_name = "NAME", group = "way")]
    pub agent: Option<String>,
    /// Move the items into a wave of this name, and start nothing
    #[arg(long, value_name = "NAME", group = "way", conflicts_with_all = ["jobs", "max_failures"])]
    pub new_wave: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How many at once, and when it is enough.
    #[command(flatten)]
    pub limits: Limits,
    /// How long each may take, in seconds or such as 30m, 2h or 1d; then it is told to end; 0 is no limit
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// How long after that it is killed, with all that it started
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub kill_after: String,
    /// The session.
    #[command(flatten)]
    pub target: Target,
}
