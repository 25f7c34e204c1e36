use chrono::TimeDelta;

use super::context::{Context, Findings, Safety};
use super::rule::declare;
use super::updated_before_created::reversed;
use crate::document::time::{Timestamp, format_rfc3339, whole_minute};
use crate::document::{SessionName, Span, file_name};

declare! {
    /// The file name and `created` tell different times.
    ///
    /// ## What it checks
    ///
    /// The time at the head of the file name, which is UTC, is that of `session.created`, give or
    /// take a minute.
    ///
    /// ## Why
    ///
    /// Both say when the work began, and sessions are sorted by either. Where they differ, one is
    /// mostly local time, or was copied from another session.
    ///
    /// ## Example
    ///
    /// ```text
    /// 20251204-163000-weather-fallback.md    created: "2025-12-04T14:30:00Z"
    /// ```
    ///
    /// ## Instead
    ///
    /// ```text
    /// 20251204-143000-weather-fallback.md    created: "2025-12-04T14:30:00Z"
    /// ```
    ///
    /// ## Fix
    ///
    /// `created` becomes the time in the file name, if neither the last update nor a log entry is
    /// older: unsafe, because the name may be the one that is wrong.
    "AS004", "name-timestamp-mismatch", Name, Warning, check
}

/// How far the two may differ: a name made a moment before the file was written.
const SLACK: TimeDelta = TimeDelta::minutes(1);

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some((name, (span, created))) = mismatch(cx) else {
        return;
    };
    // That `created` lies behind `last_updated`, though the name does not, has been said.
    if reversed(cx).is_some_and(|(_, (_, updated))| name.created <= updated) {
        return;
    }
    let named = format_rfc3339(name.created);
    found.report(
        span,
        format!("`created` is not the time in the file name, which is {named}"),
        format!(
            "write `created: \"{named}\"`, or rename the file to `{}`; both are UTC",
            file_name(created, name.slug, 1)
        ),
    );
    let begins = |at: Timestamp| whole_minute(name.created) <= at;
    let fits = cx.last_updated().is_none_or(|(_, at)| name.created <= at)
        && cx
            .log_stamps()
            .next()
            .is_none_or(|(_, entry)| begins(entry.at))
        && !cx.is_future(name.created);
    if fits {
        let fix = cx.set_time(&["session", "created"], name.created);
        found.fix(Safety::Unsafe, fix);
    }
}

/// The name and the creation, with its place, that it does not agree with.
pub(super) fn mismatch<'a>(cx: &Context<'a>) -> Option<(SessionName<'a>, (Span, Timestamp))> {
    let name = cx.name?;
    let created = cx.created()?;
    ((name.created - created.1).abs() > SLACK).then_some((name, created))
}
