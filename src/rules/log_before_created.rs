use super::context::{Context, Findings};
use super::rule::declare;
use super::updated_before_created::reversed;
use crate::document::time::{format_rfc3339, whole_minute};

declare! {
    /// The log begins before the session.
    ///
    /// ## What it checks
    ///
    /// The first entry of the Session Log is not of an earlier minute than `session.created`, nor
    /// than the time in the file name if that is earlier. An earlier entry further down is out of
    /// order, which is `log-order`.
    ///
    /// ## Why
    ///
    /// Either the entry is in local time, or it comes from the session this one was copied from.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ---
    /// session:
    ///   created: "2025-12-04T14:30:00Z"
    /// ---
    ///
    /// ### 2025-12-04 09:30 - pm/created
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ---
    /// session:
    ///   created: "2025-12-04T14:30:00Z"
    /// ---
    ///
    /// ### 2025-12-04 14:30 - pm/created
    /// ```
    "AS304", "log-before-created", Log, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some((_, created)) = cx.created() else {
        return;
    };
    let Some((heading, entry)) = cx.log_stamps().next() else {
        return;
    };
    // A `created` that is later than the name or the update is what is wrong, and reported.
    let named = cx.name.map_or(created, |name| name.created);
    if entry.at < whole_minute(created.min(named)) && reversed(cx).is_none() {
        found.report(
            cx.first_line(heading.span),
            format!(
                "this log entry is older than the session, which was created {}",
                format_rfc3339(created)
            ),
            "correct the time of the entry, which is UTC, or remove an entry of another session",
        );
    }
}
