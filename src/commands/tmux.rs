use std::process::ExitCode;

use super::wave::report::{conclude, tell};
use super::{Context, variable};
use crate::clock;
use crate::error::{Error, Result};
use crate::operations::queue::Queue;
use crate::operations::runs::{self, Plan};
use crate::runs::Tmux;
use crate::store::Store;

/// Works a queue off in windows of tmux, and says how far it came.
pub(super) fn work(
    context: &Context,
    store: &Store,
    plan: &Plan,
    queue: &mut Queue,
) -> Result<ExitCode> {
    let tmux = Tmux::find(variable("TMUX").is_some()).map_err(|error| {
        Error::usage(format!("--tmux needs tmux: {error}")).hint("command -v tmux")
    })?;
    let output = &context.output;
    let some = queue.next().is_some();
    if let Some(look) = tmux.look().filter(|_| some) {
        output.aside(&format!("in windows of their own: {look}"));
    }
    let clock = || clock::now().unwrap_or(context.now);
    let mut show = |notice: runs::Progressed| tell(output, &notice);
    let done = runs::in_windows(store, plan, queue, &tmux, &clock, &mut show)?;
    let ended = done.runs.iter().map(|(_, run)| run);
    conclude(
        context,
        store,
        plan.session,
        queue,
        ended,
        Vec::new(),
        done.error.as_ref(),
    )
}
