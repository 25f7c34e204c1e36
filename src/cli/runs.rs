use std::ffi::OsString;

use clap::{Args, Subcommand};

use super::{Deferred, Fix, Items, Target};

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "\
The run is written down before the command starts, and its end when it has ended, whatever
becomes of it or of this program: `agentsess runs` lists runs as they stand. The agent is listed
in the session, and the log gets one line at the end. The command is started as it is, without a
shell.

On a terminal the command has the terminal for itself and nothing is kept of what it says.
Otherwise, and with --capture, it reads nothing, runs in a process group of its own, and what it
says is passed on and kept, the first and the last 256 KiB at least: `agentsess runs log RUN`.
With --json it is only kept, and what is known of the run is printed at the end.

It gets AGENTSESS_SESSION, AGENTSESS_RUN and AGENTSESS_AGENT, and none of the variables by which
the agent that calls this knows its conversation.

Signals: the first SIGINT, SIGQUIT, SIGTERM or SIGHUP is passed on, the second is answered with
what is waited for, the third kills. Ctrl-C on a terminal that the command has for itself is its own
affair, unless it comes several times within seconds.

With --wave or --all-open an agent is started on each item; the last line says how many are done.
An item is ticked when its agent completes, here and with --item.

Exit codes: that of the command; 128 and the number of the signal that ended it; 124 it took too
long; 125 this program failed, or wrong use; 126 the command cannot be run; 127 there is none. With
--wave or --all-open: 0 all is done, 1 something remains, 2 wrong use.

Examples:
  agentsess run --agent tests -- cargo test
  agentsess run --agent claude --item BACK-124 --timeout 30m -- claude -p \"Do BACK-124\"
  agentsess run --agent claude --item BACK-124
  agentsess run --wave 1 --agent codex --jobs 2 --max-failures 3
  agentsess run --agent dev -s weather --env LEVEL=high --capture -- ./agent.sh")]
pub struct Run {
    /// Who is started, as it stands in the session and its log
    ///
    /// Without a command it is started as the configuration says, or as one of the agents that are
    /// known: claude, codex, gemini, copilot, opencode.
    #[arg(
        id = "started",
        long = "agent",
        value_name = "NAME",
        required_unless_present = "items"
    )]
    pub agent: Option<String>,
    /// Its model
    ///
    /// With a command it is only recorded.
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// The item it is to do, by id, text, or a part of its text; by default the current task
    #[arg(long, value_name = "ID|TEXT")]
    pub item: Option<String>,
    /// How long it may take, in seconds or such as 30m, 2h or 1d; then it is told to end; 0 is no limit
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// How long after that it is killed, with all that it started
    ///
    /// As long, once it was told to stop and has ended, has what is left of its process group.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub kill_after: String,
    /// Set a variable of its environment; can be given more than once
    ///
    /// Of these the names are recorded, and not the values.
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<OsString>,
    /// Pass on and keep what it says, on a terminal too
    #[arg(long)]
    pub capture: bool,
    /// Let it read standard input, which has to be a pipe or a file
    #[arg(long, requires = "command")]
    pub stdin: bool,
    /// The session.
    #[command(flatten)]
    pub target: Target,
    /// Several items.
    #[command(flatten)]
    pub items: Items,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", last = true)]
    pub command: Vec<OsString>,
}

/// Arguments of `runs`.
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true,
    after_help = "\
A run is running as long as its process is there, and interrupted once that is gone and nobody
saw it end; which of both holds is found out whenever it is asked for. RUN is an id, the
beginning of one, or @latest. Without a filter: all that run, and the latest others, 20
together.

Examples:
  agentsess runs
  agentsess runs --failed --json
  agentsess runs log @latest -f
  agentsess runs stop 1jbm0q5k"
)]
pub struct Runs {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<RunsCommand>,
    /// Which.
    #[command(flatten)]
    pub list: RunsList,
}

/// The commands of `runs`.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// List runs
    #[command(visible_alias = "ls")]
    List(Deferred<RunsList>),
    /// Print what a run said
    Log(Deferred<RunsLog>),
    /// End runs: they are told to, and killed if they do not
    Stop(Deferred<RunsStop>),
    /// Say that the work of runs that are running or interrupted is done
    Complete(Deferred<RunsComplete>),
    /// Go on with work that was begun and is not done
    Fix(Deferred<Fix>),
    /// Forget the oldest runs that have ended, with what they said
    Prune(Deferred<RunsPrune>),
}

/// Which runs to list.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct RunsList {
    /// Those that run
    #[arg(long)]
    pub running: bool,
    /// Those that failed
    #[arg(long)]
    pub failed: bool,
    /// Those that failed or were interrupted, and whose conversation could be gone on with
    #[arg(long)]
    pub resumable: bool,
    /// All, not only the latest
    #[arg(long)]
    pub all: bool,
    /// Those of one session
    #[arg(short, long, value_name = "SESSION")]
    pub session: Option<String>,
}

/// Arguments of `runs log`.
#[derive(Debug, Args)]
pub struct RunsLog {
    /// The run: an id, the beginning of one, or @latest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Go on until the run has ended
    #[arg(short, long)]
    pub follow: bool,
}

/// Arguments of `runs stop`.
#[derive(Debug, Args)]
pub struct RunsStop {
    /// The runs: ids, beginnings of ids, or @latest
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<String>,
    /// How long they may take to end before they are killed; by default as each was started with
    #[arg(long, value_name = "TIME")]
    pub kill_after: Option<String>,
}

/// Arguments of `runs complete`.
#[derive(Debug, Args)]
#[command(after_help = "\
Their items are ticked. What runs goes on running. Failed runs stay failed: their work is done
again, or by somebody else.

Exit codes: 0 done; 1 what was named failed, and stays so; 2 wrong use.

Examples:
  agentsess runs complete --item BACK-124
  agentsess runs complete --wave 1 -s weather --json")]
pub struct RunsComplete {
    /// The run: an id, the beginning of one, or @latest
    #[arg(value_name = "RUN", group = "which")]
    pub run: Option<String>,
    /// Those on an item, by its id or text
    #[arg(long, value_name = "ID|TEXT", group = "which")]
    pub item: Option<String>,
    /// Those on the items of a wave
    #[arg(long, value_name = "N", group = "which")]
    pub wave: Option<u32>,
    /// All, of the session if one is given
    #[arg(long, group = "which")]
    pub all: bool,
    /// The session.
    #[command(flatten)]
    pub target: Target,
}

/// Arguments of `runs prune`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without this command the latest 1,000 are kept. What runs, and what its session has not been
told of yet, is never forgotten. There is no way back.

Examples:
  agentsess runs prune
  agentsess runs prune --keep 0 --dry-run")]
pub struct RunsPrune {
    /// How many are kept
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub keep: usize,
    /// Say how many would be forgotten, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}
