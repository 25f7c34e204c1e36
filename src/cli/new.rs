use std::path::PathBuf;

use clap::Args;

use super::{Author, Secrets};

/// Arguments of `new`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agentsess new \"Fall back to the second weather provider\" --issue BACK-123
  agentsess new \"Fix the flaky login test\" --next \"reproduce it\" --next \"bisect\"
  agentsess new \"Crash on empty input\" --template bugfix
  agentsess new --from docs/prd.md
  agentsess new --parent weather --next \"roll it out\"
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
    /// What to start from: `session`, `full`, `bugfix`, `research`, `review` or one of the project's
    ///
    /// `agentsess template list` has all of them.
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// A value for a variable of the template; can be given more than once
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub var: Vec<String>,
    /// The document it starts from; its first heading is the title unless one is given
    ///
    /// What the document says now is kept, and `agentsess show --source-diff` tells what has changed
    /// in it since.
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// The session it continues, open or closed
    ///
    /// Open items, decisions, blockers and the issue are carried over; the log and what is done are
    /// not. The title is the same unless one is given.
    #[arg(long, value_name = "SESSION")]
    pub parent: Option<String>,
    /// The idea that it plans
    ///
    /// The planning session that this work tree uses is recorded as archived and paused, and the
    /// new one is used in its place.
    #[arg(long, value_name = "TOPIC")]
    pub seed: Option<String>,
    /// Leave the planning session that is used as it is
    #[arg(long, requires = "seed")]
    pub no_switch: bool,
    /// Who.
    #[command(flatten)]
    pub author: Author,
    /// Secrets.
    #[command(flatten)]
    pub secrets: Secrets,
}
