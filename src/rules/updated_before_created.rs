use super::context::{Context, Findings, Safety};
use super::rule::declare;
use crate::document::Span;
use crate::document::time::{Timestamp, format_rfc3339};

declare! {
    /// The last update lies before the creation.
    ///
    /// ## What it checks
    ///
    /// `session.last_updated` is not earlier than `session.created`, whatever the offsets they are
    /// written with. Fractions of a second do not count.
    ///
    /// ## Why
    ///
    /// One of the two is wrong, and with it the order of the sessions or the age of this one.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   created: "2025-12-04T14:30:00Z"
    ///   last_updated: "2025-12-03T15:10:00Z"
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   created: "2025-12-04T14:30:00Z"
    ///   last_updated: "2025-12-04T15:10:00Z"
    /// ```
    ///
    /// ## Fix
    ///
    /// If the time in the file name comes before the update, `created` becomes that. Otherwise, if the
    /// last log entry comes after the creation, `last_updated` becomes the time of the entry. Unsafe:
    /// it is a guess which of the two is wrong.
    "AS113", "updated-before-created", Frontmatter, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some((created, (span, updated))) = reversed(cx) else {
        return;
    };
    let help = match cx.name {
        Some(name) if name.created <= updated => format!(
            "correct `created`: the file name says `\"{}\"`",
            format_rfc3339(name.created)
        ),
        _ => "write the time of the last change, or at least that of the creation".into(),
    };
    found.report(
        span,
        format!(
            "`last_updated` lies before `created`, which is {}",
            format_rfc3339(created)
        ),
        help,
    );
    let entry = cx.log_stamps().next_back().map(|(_, entry)| entry.at);
    let fix = match (cx.name, entry) {
        (Some(name), _) if name.created <= updated => {
            cx.set_time(&["session", "created"], name.created)
        }
        (_, Some(entry)) if entry >= created && !cx.is_future(entry) => {
            cx.set_time(&["session", "last_updated"], entry)
        }
        _ => None,
    };
    found.fix(Safety::Unsafe, fix);
}

/// The creation and the earlier update with its place. What follows from this mistake is not
/// reported by other rules.
pub(super) fn reversed(cx: &Context<'_>) -> Option<(Timestamp, (Span, Timestamp))> {
    let (_, created) = cx.created()?;
    let updated = cx.last_updated()?;
    (updated.1.timestamp() < created.timestamp()).then_some((created, updated))
}
