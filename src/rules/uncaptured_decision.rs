use super::context::{Context, Findings, Phase, shown};
use super::rule::declare;

declare! {
    /// A decision of a completed session has no record.
    ///
    /// ## What it checks
    ///
    /// Once the session is completed, the title of each of its decisions is a heading of an
    /// architecture decision record in `close.decisions`, `docs/decisions` by default.
    ///
    /// ## Why
    ///
    /// The session is about to be deleted. A decision that is nowhere else will be made again, and
    /// perhaps differently; `close` refuses to delete it.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ## Decisions
    ///
    /// ### Decision 1: Cache for an hour
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// <!-- docs/decisions/0007-cache-for-an-hour.md -->
    /// # Cache for an hour
    /// ```
    "AS603", "uncaptured-decision", References, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some(project) = cx.project.filter(|_| cx.phase == Phase::Completed) else {
        return;
    };
    for decision in cx.document.decisions() {
        let title = &decision.title;
        if !project.decisions().has(title) {
            let folder = cx.config.close.decisions.display();
            found.report(
                cx.first_line(decision.span),
                format!("the decision `{}` has no record in {folder}", shown(title)),
                format!("write it down in {folder}, with this title as a heading"),
            );
        }
    }
}
