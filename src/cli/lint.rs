use std::path::PathBuf;

use clap::{Args, ValueEnum};

// A heading of each option: one for all that follow would hold for those of the parent, too.
const INPUT: &str = "Input options";
const FIXES: &str = "Fixes";
const RULES: &str = "Rules";

/// Arguments of `lint`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 no errors, 1 errors, 2 wrong use or a file that cannot be read.
Warnings do not fail. `agentsess rule NAME` explains a finding.

Examples:
  agentsess lint
  agentsess lint .agents/sessions/20251204-143000-weather.md
  agentsess lint --staged
  agentsess lint - --stdin-filename 20251204-143000-weather.md < draft.md
  agentsess lint --fix
  agentsess lint --output-format concise
  agentsess lint --output-format sarif --output-file agentsess.sarif")]
pub struct Lint {
    /// What to check
    #[command(flatten)]
    pub input: LintInput,
    /// How to print findings; by default as `AGENTSESS_OUTPUT_FORMAT` says, or `auto`
    // The variable is no `env`, for it must not contradict other options.
    #[arg(long, value_name = "FORMAT", conflicts_with = "instead")]
    pub output_format: Option<LintFormat>,
    /// Write the report to FILE, whole or not at all; `-` is standard output
    #[arg(short, long, value_name = "FILE", conflicts_with = "instead")]
    pub output_file: Option<PathBuf>,
    /// Print how many findings each rule has, instead of the findings
    #[arg(long, conflicts_with = "instead")]
    pub statistics: bool,
    /// Exit 0 although there are errors; what cannot be read still fails
    #[arg(long)]
    pub exit_zero: bool,
    /// What to change
    #[command(flatten)]
    pub fixes: Fixes,
    /// Which rules
    #[command(flatten)]
    pub rules: Rules,
}

/// What `lint` checks.
#[derive(Debug, Args)]
pub struct LintInput {
    /// Files, folders and quoted globs, or `-` for standard input; by default the sessions folder
    ///
    /// Of a folder the sessions at its top are checked; a folder that has `.agents/sessions`, such
    /// as the top of the repository, means that one.
    #[arg(value_name = "PATHS")]
    pub paths: Vec<PathBuf>,
    /// Check what is staged in git for the next commit; PATHS narrow it
    #[arg(long, help_heading = INPUT, conflicts_with = "stdin_filename")]
    pub staged: bool,
    /// Check standard input as if it were the file PATH
    ///
    /// Without it the name of what `-` reads is not checked. PATH need not exist.
    #[arg(long, help_heading = INPUT, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,
    /// Leave out what matches GLOB, as in a `.gitignore` at the root; adds to `lint.exclude`
    ///
    /// Can be given more than once. Files that are named one by one are checked all the same.
    #[arg(long, help_heading = INPUT, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Leave out excluded files even if they are named, as hooks name them
    #[arg(long, help_heading = INPUT)]
    pub force_exclude: bool,
    /// Print the files that would be checked, and check none
    #[arg(long, help_heading = INPUT, group = "instead")]
    pub show_files: bool,
}

/// What `lint` changes.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct Fixes {
    /// Fix what has one right answer
    #[arg(long, help_heading = FIXES, conflicts_with_all = ["staged", "show_files", "show_settings"], group = "fixing")]
    pub fix: bool,
    /// Fixes include those that somebody should look at afterwards
    #[arg(long, help_heading = FIXES, requires = "fixing")]
    pub unsafe_fixes: bool,
    /// Show what --fix would change, and change nothing; exit 1 if that is anything
    #[arg(long, help_heading = FIXES, conflicts_with_all = ["staged", "fix"], groups = ["instead", "fixing"])]
    pub diff: bool,
    /// List what was fixed
    #[arg(long, help_heading = FIXES, requires = "fix")]
    pub show_fixes: bool,
}

/// Which rules `lint` goes by.
#[derive(Debug, Args)]
pub struct Rules {
    /// Only these rules: names, codes, beginnings of codes, families, or all
    ///
    /// What the configuration says about rules does not count then. Where two options disagree
    /// about a rule, the one that says it more exactly does.
    #[arg(long, help_heading = RULES, value_name = "RULES")]
    pub select: Vec<String>,
    /// These rules besides
    #[arg(long, help_heading = RULES, value_name = "RULES")]
    pub extend_select: Vec<String>,
    /// Not these rules
    #[arg(long, help_heading = RULES, value_name = "RULES")]
    pub ignore: Vec<String>,
    /// Exit 1 from this severity on
    #[arg(long, help_heading = RULES, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// Use this file instead of .agents/agentsess.toml
    #[arg(long, help_heading = RULES, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use no configuration
    #[arg(long, help_heading = RULES, conflicts_with = "config")]
    pub isolated: bool,
    /// Show which rules are on and where the settings come from
    #[arg(long, help_heading = RULES, group = "instead")]
    pub show_settings: bool,
}

/// The least severity that makes `lint` fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Only errors.
    Error,
    /// Errors and warnings.
    Warning,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// `agent` for a coding agent that reads the output, else `full`.
    Auto,
    /// With the source, a caret and the fix.
    Full,
    /// One line each.
    Concise,
    /// In few tokens.
    Agent,
    /// JSON.
    Json,
    /// Annotations of GitHub Actions.
    Github,
    /// A Code Quality report of GitLab.
    Gitlab,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// `JUnit` XML.
    #[value(help = "JUnit XML")]
    Junit,
}

/// Arguments of `rule`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess rule
  agentsess rule missing-section
  agentsess rule AS201
  agentsess rule sections
  agentsess rule --all")]
pub struct Rule {
    /// Names or codes of rules to explain; families and beginnings of codes list their rules
    ///
    /// The list says which rules can be fixed, at least at times, and which are off by default.
    /// Without RULES it has all of them.
    pub rules: Vec<String>,
    /// Explain all rules, one after the other
    #[arg(long, conflicts_with = "rules")]
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
    /// Files, globs, and folders of which the `*.md` files are adopted
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
