use clap::{Args, Subcommand};

/// Arguments of `template`.
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
The project's own templates are the `.md` files in .agents/templates. One of them takes the place of
a built-in template of its name. docs/templates.md says how they are written.

Exit codes of check: 0 sessions can be made from all of them; 1 not so; 2 wrong use.

Examples:
  agentsess template list
  mkdir -p .agents/templates && agentsess template show bugfix > .agents/templates/bugfix.md
  agentsess template check"
)]
pub struct Template {
    /// What to do.
    #[command(subcommand)]
    pub action: TemplateAction,
}

/// What can be done with templates.
#[derive(Debug, Subcommand)]
pub enum TemplateAction {
    /// List all templates
    #[command(visible_alias = "ls")]
    List,
    /// Print the file of a template
    Show {
        /// Its name
        name: String,
    },
    /// Make sessions from templates and say what is wrong with them
    Check {
        /// The template's name; by default all are checked
        name: Option<String>,
    },
}
