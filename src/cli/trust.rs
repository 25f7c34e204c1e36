use clap::Args;

/// Arguments of `trust`.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing that a configuration names is run before this command has shown it. Trusted is the content:
the arguments and, where one of them names a file of the project, its bytes. Whatever of it changes
has to be trusted again. Built in and trusted in the same way: github, beads, tk, and the agents
agents.claude, agents.codex, agents.gemini, agents.copilot and agents.opencode.

Examples:
  agentsess trust --list
  agentsess trust
  agentsess trust github
  agentsess trust agents.claude
  agentsess trust --revoke")]
pub struct Trust {
    /// What to trust; by default all commands that the configuration names
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Print the commands and change nothing
    #[arg(long, conflicts_with = "revoke")]
    pub list: bool,
    /// Take it back
    #[arg(long)]
    pub revoke: bool,
}
