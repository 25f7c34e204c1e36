use chrono::TimeDelta;

use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::{Span, Status};

declare! {
    /// A session is in progress, and nobody has written for a week.
    ///
    /// ## What it checks
    ///
    /// While the status is `in_progress`, `last_updated` or the last log entry is at most
    /// `lint.stale-days` old, 7 by default.
    ///
    /// ## Why
    ///
    /// Either the work is over or its state is in somebody's head.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   status: in_progress
    ///   last_updated: "2025-12-04T14:30:00Z"   # a month ago
    /// ```
    ///
    /// ## Instead
    ///
    /// ```sh
    /// agentsess log "Waiting for the staging key" --state "All but the staging test is done"
    /// ```
    "AS501", "stale-session", Lifecycle, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some((span, days)) = older_than(cx, Status::InProgress, cx.config.lint.stale_days) else {
        return;
    };
    let slug = slug(cx);
    found.report(
        span,
        format!("the session is in progress, but nobody has written for {days} days"),
        format!(
            "say where it stands with `agentsess log -s {slug} …`, or `agentsess close {slug}`"
        ),
    );
}

/// The place of `last_updated` and the age in days of a session with this status, if it is older
/// than so many days. A log entry written by hand counts as well.
pub(super) fn older_than(cx: &Context<'_>, status: Status, days: u32) -> Option<(Span, i64)> {
    let limit = TimeDelta::days(days.into());
    let frontmatter = &cx.document.frontmatter;
    if frontmatter.status() != Some(status) {
        return None;
    }
    let updated = frontmatter.last_updated()?.at;
    if cx.now.signed_duration_since(updated) <= limit {
        return None;
    }
    let last = cx.log_stamps().map(|(_, entry)| entry.at);
    let last = last.fold(updated, Ord::max);
    let age = cx.now.signed_duration_since(last);
    let span = cx.entry(&["session", "last_updated"])?.value.span;
    (age > limit).then(|| (span, age.num_days()))
}

/// How a command is told which session is meant.
pub(super) fn slug<'a>(cx: &Context<'a>) -> &'a str {
    let stem = cx.file_name.strip_suffix(".md").unwrap_or(cx.file_name);
    cx.name.map_or(stem, |name| name.slug)
}
