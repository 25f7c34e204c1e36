//! The command line: types and their documentation, nothing else. Help, completions and the man
//! page follow from it.

mod close;
mod deferred;
mod handoff;
mod hook;
mod init;
mod link;
mod lint;
mod new;
mod runs;
mod template;
mod trust;
mod wave;
mod work;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use close::{Close, Restore};
pub use deferred::{Deferred, parse};
pub use handoff::{Handoff, Resume};
pub use hook::Hook;
pub use init::Init;
pub use link::Link;
pub use lint::{Adopt, FailOn, Fixes, Lint, LintFormat, LintInput, Rule, Rules, Schema, SchemaOf};
pub use new::New;
pub use runs::{Run, Runs, RunsCommand, RunsComplete, RunsList, RunsLog, RunsPrune, RunsStop};
pub use template::{Template, TemplateAction};
pub use trust::Trust;
pub use wave::{Fix, Items, Limits, OnFailed};
pub use work::{
    Block, Decide, Done, Edit, Log, Pause, Set, Task, TaskAdd, TaskCommand, Unblock, Use, Writing,
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// The commands by what they are for; the first group is what `--help` shows.
pub const GROUPS: &[(&str, &[&str])] = &[
    (
        "Every day",
        &["new", "log", "show", "list", "handoff", "resume", "close"],
    ),
    (
        "While working",
        &[
            "set", "done", "task", "decide", "block", "unblock", "pause", "use", "edit", "link",
            "template", "restore",
        ],
    ),
    ("Validate", &["lint", "rule", "schema", "adopt"]),
    ("Track", &["run", "runs"]),
    (
        "Integrate",
        &[
            "init",
            "hook",
            "mcp",
            "doctor",
            "trust",
            "completions",
            "man",
            "help",
        ],
    ),
];

/// Session files for coding agents and the people who steer them.
///
/// A session is one Markdown file in `.agents/sessions/` that carries the state of a piece of work
/// between conversations, agents, branches and machines, until the work is done and its knowledge
/// has been moved to where it belongs.
#[derive(Debug, Parser)]
#[command(
    name = "agentsess",
    version,
    styles = STYLES,
    disable_help_subcommand = true,
    subcommand_help_heading = "Every day",
    after_help = "Without a command: the active sessions and what to do next.\n\
                  All commands: agentsess help --all"
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What holds for every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Act as if started in DIR
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// The sessions folder, instead of the one that is found
    ///
    /// By default that is `.agents/sessions` in the nearest folder that has one, not above the top
    /// of the git work tree.
    #[arg(
        long,
        env = "AGENTSESS_DIR",
        hide_env_values = true,
        value_name = "DIR",
        global = true,
        hide_short_help = true
    )]
    pub sessions_dir: Option<OsString>,
    /// Print JSON, errors too
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colours
    ///
    /// `NO_COLOR` and `CLICOLOR_FORCE` are respected.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        global = true,
        hide_short_help = true
    )]
    pub color: Color,
    /// Print nothing but errors and what was asked for
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say on standard error what was chosen and why: folder, configuration, session, git commands
    ///
    /// Also how long the lock was waited for.
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "quiet",
        hide_short_help = true
    )]
    pub verbose: bool,
}

/// When to use colours. `NO_COLOR` and `CLICOLOR_FORCE` are respected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a session
    #[command(aliases = ["start", "create"])]
    New(Deferred<New>),
    /// Write down what happened, and where things stand
    #[command(visible_alias = "note")]
    Log(Deferred<Log>),
    /// Show a session: where it stands and what comes next
    Show(Deferred<Show>),
    /// List the sessions of all work trees, most in need of attention first
    #[command(visible_alias = "ls", alias = "status")]
    List(Deferred<List>),
    /// Hand a session over, once somebody else can go on with it
    Handoff(Deferred<Handoff>),
    /// Take a session over, and see what changed meanwhile
    #[command(alias = "take")]
    Resume(Deferred<Resume>),
    /// Close a session once nothing of value would be lost
    Close(Deferred<Close>),
    /// Set one key of a session
    #[command(hide = true)]
    Set(Deferred<Set>),
    /// List, show and check what sessions start from
    #[command(hide = true, visible_alias = "templates")]
    Template(Template),
    /// Link a session to the seed, spikes and plan it came from and the tickets it led to
    #[command(hide = true)]
    Link(Deferred<Link>),
    /// Tick items
    #[command(hide = true, alias = "tick")]
    Done(Deferred<Done>),
    /// Add items of work
    #[command(hide = true)]
    Task(Task),
    /// Record a decision
    #[command(hide = true)]
    Decide(Deferred<Decide>),
    /// Write down what stands in the way
    #[command(hide = true)]
    Block(Deferred<Block>),
    /// Take out what no longer stands in the way
    #[command(hide = true)]
    Unblock(Deferred<Unblock>),
    /// Put a session aside
    #[command(hide = true)]
    Pause(Deferred<Pause>),
    /// Say which session is meant in this work tree when none is named
    #[command(hide = true)]
    Use(Deferred<Use>),
    /// Change a session in an editor, then check it
    #[command(hide = true)]
    Edit(Deferred<Edit>),
    /// Bring a closed session back
    #[command(hide = true)]
    Restore(Deferred<Restore>),
    /// Check session files
    #[command(hide = true, visible_alias = "check")]
    // Not deferred: the headings of its options would come behind that of the global ones.
    Lint(Lint),
    /// Explain a lint rule
    #[command(hide = true)]
    Rule(Deferred<Rule>),
    /// Print the JSON Schema of a session's frontmatter, or of the configuration
    #[command(hide = true)]
    Schema(Deferred<Schema>),
    /// Bring session files of other habits into the scheme
    #[command(hide = true)]
    Adopt(Deferred<Adopt>),
    /// Start an agent on a task, and keep the truth about what becomes of it
    #[command(hide = true)]
    Run(Deferred<Run>),
    /// List the agents that were started and how they stand; look at them, stop them
    #[command(hide = true)]
    Runs(Runs),
    /// Serve the sessions to an agent over the Model Context Protocol
    #[command(hide = true)]
    Mcp(Deferred<Mcp>),
    /// Find what nobody closed, what was left behind and what points nowhere
    #[command(hide = true)]
    Doctor(Deferred<Doctor>),
    /// Install hooks, skill, AGENTS.md lines and MCP server for agents, or remove them
    #[command(hide = true)]
    Init(Deferred<Init>),
    /// Tell an agent what it needs to know at a turn of its conversation
    #[command(hide = true)]
    Hook(Deferred<Hook>),
    /// Let commands that the configuration names run
    #[command(hide = true)]
    Trust(Deferred<Trust>),
    /// Print a completion script for a shell
    #[command(hide = true)]
    Completions(Deferred<Completions>),
    /// Print the man page
    #[command(hide = true)]
    Man(Deferred<Man>),
    /// Explain a command, or list all of them
    #[command(hide = true)]
    Help(Deferred<Help>),
}

/// Which session is meant.
#[derive(Debug, Args)]
pub struct Target {
    /// The session: path, name, beginning of a name, issue id or @latest
    ///
    /// A unique beginning is enough, of the whole name or of the description in it. Without it, the
    /// session is meant that `AGENTSESS_SESSION` names, then the one that the calling conversation
    /// is bound to, then the one that `agentsess use` named, or else the only active one.
    // The parser would take the variable for the option, and a session named beside it for a second.
    #[arg(short, long, value_name = "SESSION")]
    session: Option<String>,
}

impl Target {
    /// What was said; an empty variable says nothing.
    pub fn selector(&self) -> Option<&str> {
        self.session
            .as_deref()
            .filter(|session| !session.is_empty())
    }
}

/// Which session is meant, where that can also be said without an option.
#[derive(Debug, Args)]
pub struct NamedTarget {
    /// The session, as with -s
    #[arg(value_name = "SESSION", conflicts_with = "session")]
    named: Option<String>,
    /// The option.
    #[command(flatten)]
    target: Target,
}

impl NamedTarget {
    /// What was said.
    pub fn selector(&self) -> Option<&str> {
        self.named.as_deref().or(self.target.selector())
    }
}

/// Who does it.
#[derive(Debug, Args)]
pub struct Author {
    /// Who; by default the agent that runs this, or the user
    #[arg(
        long,
        value_name = "NAME",
        env = "AGENTSESS_AGENT",
        hide_env_values = true
    )]
    pub agent: Option<String>,
}

/// What becomes of secrets.
#[derive(Debug, Args)]
pub struct Secrets {
    /// Write what looks like a secret as it is, instead of `[redacted:KIND]`
    #[arg(long)]
    pub allow_secret: bool,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess show
  agentsess show weather --section \"Next Steps\"
  agentsess show BACK-123 --frontmatter json
  agentsess show --source-diff

Exit codes of --source-diff: 0 unchanged; 1 changed, or the document or what it said is gone; 2
there is no such document.")]
pub struct Show {
    /// Print the whole file
    #[arg(long, group = "part")]
    pub full: bool,
    /// Print one section
    #[arg(long, value_name = "NAME", group = "part")]
    pub section: Option<String>,
    /// Print the frontmatter
    #[arg(long, value_name = "FORMAT", group = "part")]
    pub frontmatter: Option<DataFormat>,
    /// Print what has changed in the document that the session started from
    ///
    /// As a unified diff, from what `new --from` found to what it says now.
    #[arg(long, group = "part")]
    pub source_diff: bool,
    /// The session.
    #[command(flatten)]
    pub target: NamedTarget,
}

/// Formats for data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DataFormat {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
#[command(after_help = "\
States, most in need of attention first:
  broken    cannot be relied on: frontmatter missing or unreadable, a code fence without end
  blocked   Blockers has an open item
  behind    the log went on after Current State was last written
  closable  completed, or nothing is left to do
  idle      in progress, but not updated for three hours
  active    in progress
  paused    waits, ready for the next one

Examples:
  agentsess list
  agentsess list --stale
  agentsess list --since 1d
  agentsess list --json
  agentsess list --planning --seed weather --latest")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct List {
    /// List planning sessions, open or recorded, the one written last first
    #[arg(long)]
    pub planning: bool,
    /// Those of one seed
    #[arg(long, value_name = "TOPIC", requires = "planning")]
    pub seed: Option<String>,
    /// The first of them only
    #[arg(long, requires = "planning")]
    pub latest: bool,
    /// List completed sessions too, as happens anyway
    #[arg(long, hide = true)]
    pub all: bool,
    /// Only sessions that nobody has written to for too long, by status
    ///
    /// How long that is, `lint.stale-days`, `lint.long-paused-days` and `lint.forgotten-days` say.
    #[arg(long, conflicts_with = "planning")]
    pub stale: bool,
    /// What happened since TIME, by session: a span such as 90m, 12h, 1d or 2w, or a date
    #[arg(long, value_name = "TIME", conflicts_with_all = ["stale", "planning"])]
    pub since: Option<String>,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 nothing to complain about, 1 something to look after, 2 wrong use.

Examples:
  agentsess doctor
  agentsess doctor --fix")]
pub struct Doctor {
    /// Remove leftovers, and what has been in the trash for 90 days; no session is changed
    ///
    /// A leftover is removed once no living program holds it, and a copy that was in an editor only
    /// if nothing was written into it for a day and it says nothing of its own.
    #[arg(long)]
    pub fix: bool,
}

/// Arguments of `mcp`.
#[derive(Debug, Args)]
#[command(after_help = "\
A client starts it, in the folder of the project: it reads messages from standard input, writes
answers to standard output, and ends when standard input does. It serves one project, the one of the
folder that it is started in or that -C names.

Tools: session_list, session_show, session_new, session_log, session_update, session_done,
session_handoff, session_resume, session_lint, session_close_check, session_close.
Resources: session://NAME and session://NAME/SECTION.
Prompts: resume-session, handoff, close-session.

Examples:
  claude mcp add agentsess -- agentsess mcp
  agentsess -C ~/src/app mcp")]
pub struct Mcp {
    /// Who writes, where a call does not say; by default the client, by its own name
    #[arg(
        long,
        value_name = "NAME",
        env = "AGENTSESS_AGENT",
        hide_env_values = true
    )]
    pub agent: Option<String>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess completions bash > ~/.local/share/bash-completion/completions/agentsess
  agentsess completions fish > ~/.config/fish/completions/agentsess.fish")]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess man | man -l -
  agentsess man lint | man -l -")]
pub struct Man {
    /// The command; without it, the page of agentsess itself
    pub command: Option<String>,
}

/// Arguments of `help`.
#[derive(Debug, Args)]
pub struct Help {
    /// The command, and the one of it, such as `runs fix`
    pub command: Vec<String>,
    /// List all commands
    #[arg(short, long)]
    pub all: bool,
}
