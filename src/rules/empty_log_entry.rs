use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::schema::SESSION_LOG;
use crate::document::{Span, Stamp, next_line};

declare! {
    /// A log entry says nothing.
    ///
    /// ## What it checks
    ///
    /// Below the heading of each entry there is something before the next one: text, a list, code,
    /// a subheading.
    ///
    /// ## Why
    ///
    /// That an agent was there is worth little without what it did or found out.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ### 2025-12-04 15:10 - backend-dev/progress
    ///
    /// ### 2025-12-04 15:40 - reviewer/review
    ///
    /// Approved.
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ### 2025-12-04 15:10 - backend-dev/progress
    ///
    /// The timeout is in; both tests pass.
    ///
    /// ### 2025-12-04 15:40 - reviewer/review
    ///
    /// Approved.
    /// ```
    "AS305", "empty-log-entry", Log, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let text = cx.document.text;
    let Some((_, log)) = cx.document.body.section(SESSION_LOG) else {
        return;
    };
    let mut headings = cx.log_headings().iter().peekable();
    while let Some(heading) = headings.next() {
        let next = headings.peek();
        if heading.level != 3 || next.is_some_and(|next| next.level > 3) {
            continue;
        }
        let end = next.map_or(log.body.end, |next| next.span.start);
        let below = Span::new(next_line(text, heading.span.end), end);
        if below.of(text).trim().is_empty() && Stamp::parse(&heading.title).is_some() {
            found.report(
                cx.first_line(heading.span),
                "this log entry says nothing",
                "write below it what was done or found out, or remove it",
            );
        }
    }
}
