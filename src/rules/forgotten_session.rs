use super::completed_with_open_work::open_work;
use super::context::{Context, Findings};
use super::rule::declare;
use super::stale_session::{older_than, slug};
use crate::document::Status;

declare! {
    /// A session is completed and has not been closed.
    ///
    /// ## What it checks
    ///
    /// `lint.forgotten-days`, 1 by default, after the last word of a session whose status is
    /// `completed`, its file is gone. One with open work is not ready to be closed and is left to
    /// `completed-with-open-work`.
    ///
    /// ## Why
    ///
    /// What was learned is still in the session and not where it belongs, and the next reader
    /// takes it for work at hand.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   status: completed
    ///   last_updated: "2025-12-04T14:30:00Z"   # last week
    /// ```
    ///
    /// ## Instead
    ///
    /// ```sh
    /// agentsess close weather-fallback
    /// ```
    "AS503", "forgotten-session", Lifecycle, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some((span, days)) = older_than(cx, Status::Completed, cx.config.lint.forgotten_days)
    else {
        return;
    };
    if open_work(cx).next().is_some() {
        return;
    }
    let days = match days {
        1 => "a day".into(),
        _ => format!("{days} days"),
    };
    found.report(
        span,
        format!("the session was completed {days} ago and has not been closed"),
        format!("`agentsess close {}`", slug(cx)),
    );
}
