use std::path::PathBuf;

use clap::Args;

use super::{NamedTarget, Secrets};

/// Arguments of `link`.
#[derive(Debug, Args)]
#[command(after_help = "\
Spikes and tickets that are there already are not added again, and none is taken away; a seed, a
plan, a topic or a file replaces the one that is there. A session with a seed is a planning session:
it leaves a record when it is closed, and `agentsess list --planning` lists it.

Examples:
  agentsess link --seed weather --spike weather-api-limits --plan plan-weather
  agentsess link weather --ticket pt-1 --ticket pt-2
  agentsess link --backlog-topic weather --backlog-md docs/backlog.md")]
pub struct Link {
    /// The idea the work grew from
    #[arg(long, value_name = "TOPIC")]
    pub seed: Option<String>,
    /// A spike made for it; can be given more than once
    #[arg(long = "spike", value_name = "NAME")]
    pub spikes: Vec<String>,
    /// Its plan
    #[arg(long, value_name = "NAME")]
    pub plan: Option<String>,
    /// The id of something that was filed; can be given more than once
    #[arg(long = "ticket", value_name = "ID")]
    pub tickets: Vec<String>,
    /// The topic under which it was filed
    #[arg(long, value_name = "TOPIC")]
    pub backlog_topic: Option<String>,
    /// The file in which it was filed
    #[arg(long, value_name = "PATH")]
    pub backlog_md: Option<PathBuf>,
    /// The session.
    #[command(flatten)]
    pub target: NamedTarget,
    /// Secrets.
    #[command(flatten)]
    pub secrets: Secrets,
}
