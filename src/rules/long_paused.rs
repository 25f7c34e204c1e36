use super::context::{Context, Findings};
use super::rule::declare;
use super::stale_session::{older_than, slug};
use crate::document::Status;

declare! {
    /// A session has been paused for a month.
    ///
    /// ## What it checks
    ///
    /// While the status is `paused`, `last_updated` or the last log entry is at most
    /// `lint.long-paused-days` old, 30 by default.
    ///
    /// ## Why
    ///
    /// What it says about the code is less true every day, and it is listed as work to be taken up.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   status: paused
    ///   last_updated: "2025-12-04T14:30:00Z"   # two months ago
    /// ```
    ///
    /// ## Instead
    ///
    /// ```sh
    /// agentsess close weather-fallback
    /// ```
    "AS502", "long-paused", Lifecycle, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some((span, days)) = older_than(cx, Status::Paused, cx.config.lint.long_paused_days) else {
        return;
    };
    let slug = slug(cx);
    found.report(
        span,
        format!("the session has been paused for {days} days"),
        format!(
            "say why it still waits with `agentsess log -s {slug} …`, or `agentsess close {slug}`"
        ),
    );
}
