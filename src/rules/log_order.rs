use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::time::format_minute;

declare! {
    /// A log entry is older than the one before it.
    ///
    /// ## What it checks
    ///
    /// The entries of the Session Log stand in the order of their times. Entries of the same
    /// minute keep the order in which they were written. Of several that run backwards, the first
    /// one is reported.
    ///
    /// ## Why
    ///
    /// New entries are appended, and the last one is taken for the latest.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ### 2025-12-04 15:10 - backend-dev/progress
    ///
    /// ### 2025-12-04 14:30 - pm/created
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ### 2025-12-04 14:30 - pm/created
    ///
    /// ### 2025-12-04 15:10 - backend-dev/progress
    /// ```
    "AS302", "log-order", Log, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let mut backwards = false;
    let mut before = None;
    for (heading, stamp) in cx.log_stamps() {
        let Some(last) = before.replace(stamp.at) else {
            continue;
        };
        if stamp.at < last && !backwards {
            found.report(
                cx.first_line(heading.span),
                format!(
                    "this log entry is older than the one before it, of {}",
                    format_minute(last)
                ),
                "put the entries in the order of their times, or correct the time that is wrong; \
                 they are UTC",
            );
        }
        backwards = stamp.at < last || backwards && stamp.at == last;
    }
}
