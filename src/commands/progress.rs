//! How it goes with agents: lines that stay, and on a terminal a table that is drawn over.

use anstyle::Style;
use dialoguer::console::{Term, truncate_str};

use super::output::{self, Output};
use crate::document::insert::cut;
use crate::document::time::Timestamp;
use crate::operations::queue::{Queue, State};
use crate::operations::runs::{self, Active, Open, Progressed};
use crate::render::{age, one_line};

/// Longest text of an item in a line, in characters.
const ITEM: usize = 60;

/// What runs, drawn in place on a terminal. Elsewhere it is nothing.
pub(super) struct Screen {
    terminal: Option<Term>,
    lines: usize,
}

impl Screen {
    pub fn new(output: &Output) -> Self {
        let terminal = Term::stdout();
        let wanted = terminal.is_term() && !output.is_json() && !output.is_quiet();
        Self {
            terminal: wanted.then_some(terminal),
            lines: 0,
        }
    }

    /// Shows what runs, in place of what was shown before.
    pub fn draw(&mut self, queue: &Queue, active: &[Active], now: Timestamp) {
        self.clear();
        let Some(terminal) = &self.terminal else {
            return;
        };
        let (height, width) = terminal.size();
        let row = |active: &Active| {
            let job = queue.jobs.get(active.job);
            let elapsed = (now - active.run.started_at).num_seconds();
            let item = job.map_or("", |job| job.assignment.item.as_str());
            let last = active.last.as_deref().unwrap_or("");
            let cells = [
                "▶ running".to_owned(),
                one_line(&active.run.agent).into_owned(),
                age(elapsed),
                cut(&one_line(item), ITEM),
                one_line(last).into_owned(),
            ];
            (Style::new(), cells)
        };
        let rows: Vec<_> = active.iter().map(row).collect();
        let table = output::columns(&rows);
        let failed = queue.number(State::Failed) + queue.number(State::Interrupted);
        let waiting = queue.number(State::Waiting);
        let end = format!("{}; {failed} failed, {waiting} waiting", queue.tally());
        // What scrolls off the top cannot be drawn over.
        let room = usize::from(height).saturating_sub(2);
        let lines = table.lines().take(room).chain([end.as_str()]);
        for line in lines {
            let line = truncate_str(line, usize::from(width).saturating_sub(1), "…");
            if terminal.write_line(&line).is_err() {
                return;
            }
            self.lines += 1;
        }
    }

    /// Takes it away.
    pub fn clear(&mut self) {
        if let Some(terminal) = &self.terminal {
            // It would only look untidy.
            let _ = terminal.clear_last_lines(self.lines);
        }
        self.lines = 0;
    }
}

/// The line that stays of what happened, if one does.
pub(super) fn line(notice: &Progressed) -> Option<String> {
    let item = |job: &crate::operations::queue::Job| cut(&job.assignment.item, 2 * ITEM);
    match notice {
        Progressed::Started(job, run) => {
            Some(format!("started {} {}: {}", run.id, run.agent, item(job)))
        }
        Progressed::Ended(job, run) => {
            let said = run.summary.as_deref();
            let said = said.map(|said| format!("; {said}")).unwrap_or_default();
            let outcome = runs::outcome(run);
            Some(format!(
                "{} {} {outcome}: {}{said}",
                run.id,
                run.agent,
                item(job)
            ))
        }
        _ => None,
    }
}

/// What is open, one line each.
pub(super) fn open_table(open: &[Open]) -> String {
    let row = |open: &Open| {
        let cell = |text: &Option<String>| one_line(text.as_deref().unwrap_or("")).into_owned();
        let resumable = if open.resumable { "resumable" } else { "" };
        let cells = [
            open.progress.as_str().to_owned(),
            cell(&open.run),
            cell(&open.agent),
            cut(&one_line(&open.item), ITEM),
            cell(&open.why),
            resumable.to_owned(),
            cut(&cell(&open.summary), ITEM),
        ];
        (Style::new(), cells)
    };
    let rows: Vec<_> = open.iter().map(row).collect();
    output::columns(&rows)
}
