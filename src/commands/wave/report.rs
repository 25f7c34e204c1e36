//! What is told of several agents: what happens, and how far they came.

use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use crate::commands::output::{self, Output};
use crate::commands::{Context, progress};
use crate::error::{Error, Result};
use crate::operations::queue::{Queue, State};
use crate::operations::runs::{self, Left, Progressed, Row, Tally};
use crate::render::one_line;
use crate::runs::Run;
use crate::store::Store;

/// What came of it.
#[derive(Serialize)]
struct Report {
    /// Every run, in the order in which they ended.
    runs: Vec<Row>,
    /// What was not started, and why not.
    left: Vec<Left>,
    #[serde(flatten)]
    tally: Tally,
}

/// Says how far a queue came. The exit code is 0 if nothing is left of it.
pub(in crate::commands) fn conclude<'r>(
    context: &Context,
    store: &Store,
    session: &str,
    queue: &Queue,
    runs: impl Iterator<Item = &'r Run>,
    mut left: Vec<Left>,
    error: Option<&Error>,
) -> Result<ExitCode> {
    let output = &context.output;
    let tally = Tally::new(
        queue.number(State::Completed),
        queue.jobs.len() + left.len(),
    );
    let waiting = queue.jobs.iter().filter_map(|job| {
        let item = &job.assignment.item;
        let why = match job.state {
            State::Taken => return Some(Left::taken(item, job.run.as_deref()?)),
            State::LeftOut => "it was left out",
            State::Waiting => "it was not started",
            _ => return None,
        };
        Some(Left {
            item: item.clone(),
            why: why.to_owned(),
            is_taken: false,
        })
    });
    left.extend(waiting);
    let report = Report {
        runs: runs::rows(store, runs, context.now),
        left,
        tally,
    };
    output.print(&report, || {
        let mut text = String::new();
        for left in &report.left {
            text += &one_line(&format!("not done: {} ({})", left.item, left.why));
            text.push('\n');
        }
        format!("{text}{tally}\n")
    })?;
    if let Some(error) = error {
        output.error(error);
    } else if tally.remaining > 0 {
        let taken = report.left.iter().filter(|left| left.is_taken).count();
        let next = if taken == tally.remaining {
            "--running"
        } else {
            "fix"
        };
        let next = format!("agentsess runs {next} -s {}", store.selector(session));
        output.aside(output::hint(&output.command(&next)).trim_end());
    }
    Ok(ExitCode::from(u8::from(tally.remaining > 0)))
}

/// What happens, one line each: what begins and ends is what was asked for, the rest is beside it.
pub(in crate::commands) fn tell(output: &Output, notice: &Progressed) {
    if let Some(line) = progress::line(notice) {
        if !output.is_json() && !output.is_quiet() {
            // What matters is written down.
            let _ = output.write(&one_line(&line));
        }
        return;
    }
    if let Progressed::Ticked(item) = notice {
        output.aside(&one_line(&format!("ticked {item}")));
        return;
    }
    let aside = match notice {
        Progressed::Trouble(what) => vec![format!("warning: {what}")],
        Progressed::Stopping(number) => vec![format!(
            "told to stop: {number} are told to end, and waited for"
        )],
        Progressed::Waiting(runs) => {
            let one = |(run, pid): &(&Run, u32)| {
                let (id, agent) = (&run.id, &run.agent);
                format!("waiting for run {id} ({agent}, process {pid}) to end; once more kills it")
            };
            runs.iter().map(one).collect()
        }
        Progressed::Killing(number) => vec![format!("killing {number}")],
        _ => Vec::new(),
    };
    for line in aside {
        // There is no better place to say so.
        let _ = writeln!(output.error_stream(), "{}", one_line(&line));
    }
}
