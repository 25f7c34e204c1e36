//! How far work is.

use std::fmt;

use serde::Serialize;

/// How many of the runs that were wanted are done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Tally {
    /// Those that completed.
    pub completed: usize,
    /// Those that did not.
    pub remaining: usize,
    /// All of them.
    pub total: usize,
    /// The first of the last, of a hundred; 100 only if nothing remains.
    pub percent: usize,
}

impl Tally {
    /// The tally of so many of so many.
    pub fn new(completed: usize, total: usize) -> Self {
        Self {
            completed,
            remaining: total.saturating_sub(completed),
            total,
            percent: match (200 * completed + total).checked_div(2 * total) {
                Some(percent) if completed < total => percent.min(99),
                _ => 100,
            },
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            completed,
            remaining,
            total,
            percent,
        } = self;
        write!(
            f,
            "completed {completed} of {total} ({percent}%), {remaining} remaining"
        )
    }
}
