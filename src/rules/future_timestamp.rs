use super::context::{Context, Findings};
use super::name_timestamp_mismatch::mismatch;
use super::rule::declare;
use super::updated_before_created::reversed;
use crate::document::time::{format_minute, format_rfc3339};

declare! {
    /// A session was created, updated or logged to in the future.
    ///
    /// ## What it checks
    ///
    /// `session.created`, `session.last_updated` and the log entries are at most
    /// `lint.clock-skew-minutes` ahead of the clock, 10 by default. When the creation is, the update
    /// that follows it is not reported too.
    ///
    /// ## Why
    ///
    /// It is mostly local time with a `Z` behind it, or a year that was typed wrong. The session
    /// counts as the latest one until the clock has caught up.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   last_updated: "2052-12-04T15:10:00Z"
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   last_updated: "2025-12-04T15:10:00Z"
    /// ```
    "AS114", "future-timestamp", Frontmatter, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    // A creation that lies behind the update, or is not that of the name, has been reported.
    if reversed(cx).is_some() {
        return;
    }
    let created = cx.created().filter(|_| mismatch(cx).is_none());
    let times = [("created", created), ("last_updated", cx.last_updated())];
    let ahead = times.into_iter().find_map(|(key, time)| {
        let (span, at) = time?;
        cx.is_future(at).then_some((key, span))
    });
    if let Some((key, span)) = ahead {
        found.report(
            span,
            format!("`{key}` lies in the future"),
            format!(
                "write the time in UTC; it is now `\"{}\"`",
                format_rfc3339(cx.now)
            ),
        );
        return;
    }
    let entries = cx.log_stamps().filter(|(_, entry)| cx.is_future(entry.at));
    if let Some((heading, _)) = entries.into_iter().next() {
        found.report(
            cx.first_line(heading.span),
            "this log entry lies in the future",
            format!(
                "write the time in UTC; it is now `{}`",
                format_minute(cx.now)
            ),
        );
    }
}
