use super::context::{Context, Findings, Phase};
use super::rule::declare;
use super::stale_session::slug;
use crate::document::schema::CURRENT_STATE;

declare! {
    /// A session is handed over with a Current State that is older than its log.
    ///
    /// ## What it checks
    ///
    /// Once the session is `paused` or `completed`, no log entry is younger than what a tool last
    /// wrote into Current State. After an edit by hand it counts as up to date.
    ///
    /// ## Why
    ///
    /// Whoever takes over reads Current State and nothing else.
    ///
    /// ## Example
    ///
    /// ```sh
    /// agentsess log "The cause is the shared cache"
    /// agentsess set status paused
    /// ```
    ///
    /// ## Instead
    ///
    /// ```sh
    /// agentsess log "The cause is the shared cache" --state "Cause known, nothing fixed yet"
    /// agentsess set status paused
    /// ```
    "AS504", "not-handoff-ready", Lifecycle, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let status = match cx.phase {
        Phase::Draft => return,
        Phase::Paused => "paused",
        Phase::Completed => "completed",
    };
    if !cx.document.is_behind() {
        return;
    }
    let body = &cx.document.body;
    let section = body.section(CURRENT_STATE);
    let Some(heading) = section.and_then(|(_, section)| body.heading(section)) else {
        return;
    };
    found.report(
        cx.first_line(heading.span),
        format!("the session is {status}, but its log went on after `Current State` was written"),
        format!("`agentsess log -s {} --state …`", slug(cx)),
    );
}
