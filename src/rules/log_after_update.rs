use chrono::TimeDelta;

use super::context::{Context, Findings, Safety};
use super::rule::declare;
use super::updated_before_created::reversed;
use crate::document::time::format_rfc3339;

declare! {
    /// The last log entry is later than the last update.
    ///
    /// ## What it checks
    ///
    /// The last entry of the Session Log is at most ten minutes later than
    /// `session.last_updated`.
    ///
    /// ## Why
    ///
    /// Whoever adds an entry changes the session. Either the key was forgotten, and the session
    /// looks older than it is, or the entry is in local time.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ---
    /// session:
    ///   last_updated: "2025-12-04T14:30:00Z"
    /// ---
    ///
    /// ### 2025-12-04 16:10 - backend-dev/progress
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ---
    /// session:
    ///   last_updated: "2025-12-04T16:10:00Z"
    /// ---
    ///
    /// ### 2025-12-04 16:10 - backend-dev/progress
    /// ```
    ///
    /// ## Fix
    ///
    /// `last_updated` becomes the time of the latest entry, unless that lies in the future: safe,
    /// because whoever wrote the entry should have done so.
    "AS303", "log-after-update", Log, Warning, check
}

/// How far clocks of different machines, or people who write times down, may be off.
const SLACK: TimeDelta = TimeDelta::minutes(10);

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some((_, updated)) = cx.last_updated() else {
        return;
    };
    let Some((heading, entry)) = cx.log_stamps().next_back() else {
        return;
    };
    // An update before the creation has been reported.
    // So has one that lies in the future.
    let doubtful = reversed(cx).is_some() || cx.is_future(entry.at);
    if entry.at - updated > SLACK && !doubtful {
        found.report(
            cx.first_line(heading.span),
            format!(
                "this log entry is later than `last_updated`, which is {}",
                format_rfc3339(updated)
            ),
            format!(
                "write `last_updated: \"{}\"`, or correct the entry if its time is not UTC",
                format_rfc3339(entry.at)
            ),
        );
        // The last one is not the latest if the log is out of order.
        let latest = cx.log_stamps().map(|(_, entry)| entry.at).max();
        if let Some(latest) = latest.filter(|&at| !cx.is_future(at)) {
            let path = ["session", "last_updated"];
            found.fix(Safety::Safe, cx.set_time(&path, latest));
        }
    }
}
