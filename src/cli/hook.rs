use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::hosts::{Event, HOSTS};

/// Arguments of `hook`.
#[derive(Debug, Args)]
#[command(after_help = "\
Hosts call this; what they tell is read from standard input, and what they are to know is printed in
the form that they take. Nothing that goes wrong hurts: exit 0, nothing printed, and a line in
`.agents/sessions/.local/hook.log`. Only wrong use on a terminal is an error.

Events:
  session-start   the session that the conversation works on, or those that are active
  pre-compact     what was touched in the last hour and what of it is not yet written down
  session-end     what is left open, where the host can show it, or else at the next start
  stop            asks once for a Current State that was left behind
  subagent-start  lists the subagent in the session and gives it Context and Current State
  subagent-stop   notes what came of it

Examples:
  agentsess hook session-start --host claude
  echo '{\"session_id\":\"1\",\"cwd\":\".\"}' | agentsess hook session-start --host opencode")]
pub struct Hook {
    /// What happens in the conversation
    #[arg(value_name = "EVENT", value_parser = PossibleValuesParser::new(Event::ALL.map(Event::as_str)), hide_possible_values = true)]
    pub event: String,
    /// The program that runs the agent; by default the one that is recognised
    #[arg(long, value_name = "HOST", value_parser = PossibleValuesParser::new(HOSTS.map(|host| host.name)))]
    pub host: Option<String>,
    /// What the agent is there for, as pm, backend-dev, reviewer, tester or designer
    ///
    /// Decides what is said of each session: coordinators learn the issue, implementers the current
    /// task, reviewers, testers and designers what they have to look at. By default what the host
    /// says.
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
}
