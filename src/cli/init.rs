use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::operations::init::catalog::{Extra, HOSTS, Part};

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(after_help = "\
On a terminal it shows the changes and asks. Without one, --yes makes them and --dry-run shows them.
Everything else in the files stays as it is, byte for byte, and --remove gives back what was there.
Without --host the hosts are meant whose files are in the project.

Parts:
  config      .agents/agentsess.toml
  hooks       what hosts call at the turns of a conversation
  skill       .agents/skills/agentsess, .claude/skills/agentsess
  agents-md   lines in AGENTS.md
  mcp         the MCP server
  pre-commit  a check before each commit; only if asked for. YAML is never merged, but printed

Exit codes: 0 done, or nothing to do; 2 nothing was changed.

Examples:
  agentsess init
  agentsess init --host claude,codex --yes
  agentsess init --only hooks --with stop,subagents --dry-run
  agentsess init --remove --yes")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct Init {
    /// For which programs that run agents
    #[arg(long, value_name = "HOST", value_delimiter = ',', value_parser = PossibleValuesParser::new(HOSTS.map(|host| host.name)))]
    pub host: Vec<String>,
    /// Only these parts
    #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = PossibleValuesParser::new(Part::ALL.map(Part::as_str)), hide_possible_values = true)]
    pub only: Vec<String>,
    /// Events beyond the usual ones
    ///
    /// `stop` asks once for a Current State that was left behind, `subagents` gives subagents the
    /// Context and notes what came of them. With --remove only these are taken out.
    #[arg(long, value_name = "EVENT", value_delimiter = ',', value_parser = PossibleValuesParser::new(Extra::ALL.map(Extra::as_str)))]
    pub with: Vec<String>,
    /// Keep sessions out of git, by lines in its `info/exclude`
    ///
    /// With --remove the lines go, also while there are sessions.
    #[arg(long)]
    pub private: bool,
    /// Take out what was installed, and nothing else
    ///
    /// With --host its hooks and its MCP server, unless another host reads the same file.
    #[arg(long)]
    pub remove: bool,
    /// Make the changes without asking
    #[arg(short, long)]
    pub yes: bool,
    /// Show the changes and make none
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
}
