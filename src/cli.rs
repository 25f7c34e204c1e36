//! The command line: types and their documentation, nothing else. Help, completions and the man
//! page follow from it.

mod close;
mod lint;
mod trust;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use close::Close;
pub use lint::{FailOn, Fixes, Lint, LintFormat, LintInput, Rules};
pub use trust::Trust;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// The commands by what they are for; the first group is what `--help` shows.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("Every day", &["new", "log", "show", "list", "close"]),
    ("While working", &["set", "restore"]),
    ("Validate", &["lint", "rule", "schema", "adopt"]),
    ("Integrate", &["trust", "completions", "man", "help"]),
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
    New(New),
    /// Write down what happened, and where things stand
    #[command(visible_alias = "note")]
    Log(Log),
    /// Show a session: where it stands and what comes next
    Show(Show),
    /// List the sessions of all work trees, most in need of attention first
    #[command(visible_alias = "ls", alias = "status")]
    List(List),
    /// Close a session once nothing of value would be lost
    Close(Close),
    /// Set one key of a session
    #[command(hide = true)]
    Set(Set),
    /// Bring a closed session back
    #[command(hide = true)]
    Restore(Restore),
    /// Check session files
    #[command(hide = true, visible_alias = "check")]
    Lint(Lint),
    /// Explain a lint rule
    #[command(hide = true)]
    Rule(Rule),
    /// Print the JSON Schema of a session's frontmatter, or of the configuration
    #[command(hide = true)]
    Schema(Schema),
    /// Bring session files of other habits into the scheme
    #[command(hide = true)]
    Adopt(Adopt),
    /// Let commands that the configuration names run
    #[command(hide = true)]
    Trust(Trust),
    /// Print a completion script for a shell
    #[command(hide = true)]
    Completions(Completions),
    /// Print the man page
    #[command(hide = true)]
    Man(Man),
    /// Explain a command, or list all of them
    #[command(hide = true)]
    Help(Help),
}

/// Which session is meant.
#[derive(Debug, Args)]
pub struct Target {
    /// The session: path, name, beginning of a name, issue id or @latest
    ///
    /// A unique beginning is enough, of the whole name or of the description in it. Without it, the
    /// only active session is meant.
    #[arg(
        short,
        long,
        value_name = "SESSION",
        env = "AGENTSESS_SESSION",
        hide_env_values = true
    )]
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

/// Arguments of `new`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess new \"Fall back to the second weather provider\" --issue BACK-123
  agentsess new \"Fix the flaky login test\" --next \"reproduce it\" --next \"bisect\"
  agentsess new - <<'EOF'
  # Fix the flaky login test
  It fails once in twenty runs on CI, never here.

  ## Next Steps
  - [ ] reproduce it with a slow disk
  EOF")]
pub struct New {
    /// The title; `-` reads Markdown from standard input
    ///
    /// With `-`, a first heading `# Title` is the title unless one is given, leading text is the
    /// Context, and a `## Name` block fills that section.
    #[arg(value_name = "TITLE|-")]
    pub title: Vec<String>,
    /// The title, as an option
    #[arg(
        long = "title",
        alias = "name",
        value_name = "TITLE",
        hide_short_help = true
    )]
    pub named: Option<String>,
    /// Why this work exists, and what to know before touching it
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub context: Option<String>,
    /// A next step; can be given more than once
    #[arg(long, value_name = "ITEM", allow_hyphen_values = true)]
    pub next: Vec<String>,
    /// The current task; by default the first next step, or the title
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub current: Option<String>,
    /// The issue this belongs to: an id or an address
    #[arg(long, value_name = "ID|URL")]
    pub issue: Option<String>,
    /// What to start from: `session` has the required sections, `full` has all of them
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// Who.
    #[command(flatten)]
    pub author: Author,
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
    /// +` adds to it. Text can hold anything: what would change the structure of the file is
    /// escaped.
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
    /// Who.
    #[command(flatten)]
    pub author: Author,
    /// What was done, in one word
    #[arg(long, value_name = "WORD", default_value = "note")]
    pub action: String,
    /// Replace Current State
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub state: Option<String>,
    /// Replace Next Steps; can be given more than once
    #[arg(long, value_name = "ITEM", allow_hyphen_values = true)]
    pub next: Vec<String>,
    /// Replace the current task
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub current: Option<String>,
    /// Tick an item, by id or part of its text; can be given more than once
    #[arg(long, alias = "tick", value_name = "ITEM", allow_hyphen_values = true)]
    pub done: Vec<String>,
    /// Add a path to Files Modified; can be given more than once
    #[arg(long = "file", value_name = "PATH")]
    pub files: Vec<String>,
    /// The session.
    #[command(flatten)]
    pub target: Target,
    /// Secrets.
    #[command(flatten)]
    pub secrets: Secrets,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess show
  agentsess show weather --section \"Next Steps\"
  agentsess show BACK-123 --frontmatter json")]
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
  broken    title, status or last_updated cannot be read
  blocked   Blockers has an open item
  behind    the log went on after Current State was last written
  closable  completed, or nothing is left to do
  idle      in progress, but not updated for three hours
  active    in progress
  paused    waits, ready for the next one

Examples:
  agentsess list
  agentsess list --json")]
pub struct List {
    /// List completed sessions too, as happens anyway
    #[arg(long, hide = true)]
    pub all: bool,
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

/// Arguments of `rule`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess rule
  agentsess rule missing-section
  agentsess rule AS201
  agentsess rule --all")]
pub struct Rule {
    /// The rule's name or code; without it, all rules are listed
    pub name: Option<String>,
    /// Explain all rules, one after the other
    #[arg(long, conflicts_with = "name")]
    pub all: bool,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
#[command(after_help = "\
The frontmatter's schema and `agentsess lint` agree on keys and values. What a schema cannot say,
such as a key given twice or an update before the creation, only lint finds.

Examples:
  agentsess schema session > session.schema.json
  agentsess schema config > config.schema.json")]
pub struct Schema {
    /// What the schema is for
    #[arg(value_name = "WHAT")]
    pub of: SchemaOf,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The frontmatter of a session.
    Session,
    /// `.agents/agentsess.toml`.
    Config,
}

/// Arguments of `adopt`.
#[derive(Debug, Args)]
#[command(after_help = "\
Metadata in any form becomes the frontmatter, stamped lines and headings become log entries, and
sections get the names of the format. Everything else stays, word for word; what cannot be mapped
without guessing is refused. Originals go to the trash.

Exit codes: 0 done, or nothing to do; 1 a file was refused, or with --dry-run or --diff something
is to be done; 2 wrong use.

Examples:
  agentsess adopt .agents/sessions --dry-run
  agentsess adopt docs/handoffs/2026-01-03-login.md --diff
  agentsess adopt docs/handoffs")]
pub struct Adopt {
    /// Files, and folders of which the `*.md` files are adopted
    #[arg(value_name = "PATHS", required = true)]
    pub paths: Vec<PathBuf>,
    /// Where the sessions go, instead of the sessions folder
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Print what would become of each file and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print what would change in each file, as a unified diff, and change nothing
    #[arg(long)]
    pub diff: bool,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess restore
  agentsess restore weather")]
pub struct Restore {
    /// A name or the beginning of one; without it, everything that can be restored is listed
    pub name: Option<String>,
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
    /// The command
    pub command: Option<String>,
    /// List all commands
    #[arg(short, long)]
    pub all: bool,
}
