use std::process::ExitCode;

use super::{Context, select};
use crate::cli;
use crate::error::Result;
use crate::operations::link;

pub(super) fn run(context: &Context, arguments: &cli::Link) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.target.selector())?;
    let request = link::Request {
        seed: arguments.seed.as_deref(),
        spikes: &arguments.spikes,
        plan: arguments.plan.as_deref(),
        tickets: &arguments.tickets,
        backlog_topic: arguments.backlog_topic.as_deref(),
        backlog_md: arguments.backlog_md.as_deref(),
        allow_secret: arguments.secrets.allow_secret,
    };
    let linked = link::link(&store, &session, &request, context.now)?;
    let done = if linked.changed {
        "linked"
    } else {
        "nothing new in"
    };
    context.output.answered(done, &linked.written, &linked)?;
    Ok(ExitCode::SUCCESS)
}
