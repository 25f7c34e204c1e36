use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `lint`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 no errors, 1 errors, 2 wrong use or a file that cannot be read.
Warnings do not fail. `agentsess rule NAME` explains a finding.

Examples:
  agentsess lint
  agentsess lint .agents/sessions/20251204-143000-weather.md
  agentsess lint --output-format concise
  agentsess lint --output-format sarif --output-file agentsess.sarif")]
pub struct Lint {
    /// Files, and folders of which the session files are checked; by default the sessions folder
    #[arg(value_name = "PATHS")]
    pub paths: Vec<PathBuf>,
    /// How to print findings
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "auto",
        env = "AGENTSESS_OUTPUT_FORMAT",
        hide_env_values = true
    )]
    pub output_format: LintFormat,
    /// Write the report to FILE, whole or not at all; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
    /// Print how many findings each rule has, instead of the findings
    #[arg(long)]
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

/// What `lint` changes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fixes")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct Fixes {
    /// Fix what has one right answer
    #[arg(long)]
    pub fix: bool,
    /// Fixes include those that somebody should look at afterwards
    #[arg(long)]
    pub unsafe_fixes: bool,
    /// Show what --fix would change, and change nothing; exit 1 if that is anything
    #[arg(long)]
    pub diff: bool,
    /// List what was fixed
    #[arg(long)]
    pub show_fixes: bool,
}

/// Which rules `lint` goes by.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub struct Rules {
    /// Only these rules: names, codes, beginnings of codes, families, or all
    ///
    /// What the configuration says about rules does not count then. Where two options disagree
    /// about a rule, the one that says it more exactly does.
    #[arg(long, value_name = "RULES")]
    pub select: Vec<String>,
    /// These rules besides
    #[arg(long, value_name = "RULES")]
    pub extend_select: Vec<String>,
    /// Not these rules
    #[arg(long, value_name = "RULES")]
    pub ignore: Vec<String>,
    /// Exit 1 from this severity on
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// Use this file instead of .agents/agentsess.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use no configuration
    #[arg(long, conflicts_with = "config")]
    pub isolated: bool,
    /// Show which rules are on and where the settings come from
    #[arg(long)]
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
    // An empty variable says nothing.
    #[value(alias = "")]
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
