use super::context::{Context, Findings, Safety};
use super::rule::declare;
use crate::document::schema::{KEYS, ValueType};
use crate::document::time::format_rfc3339;

declare! {
    /// A timestamp is not written in UTC.
    ///
    /// ## What it checks
    ///
    /// `created`, `last_updated` and `handoff.at` end in `Z`. A zero offset will do.
    ///
    /// ## Why
    ///
    /// File names and log entries are UTC, and people compare them with these keys by eye. The
    /// value is valid, though, and read for the instant it names.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   created: "2025-12-04T15:30:00+01:00"
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   created: "2025-12-04T14:30:00Z"
    /// ```
    ///
    /// ## Fix
    ///
    /// The same instant is written in UTC, to the second: safe.
    "AS112", "non-utc-timestamp", Frontmatter, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    for key in KEYS.iter().filter(|key| key.value == ValueType::Timestamp) {
        let Some((span, time)) = cx.timestamp(key.path).filter(|(_, time)| !time.utc) else {
            continue;
        };
        found.report(
            span,
            format!("`{}` is not in UTC", key.path.join(".")),
            format!(
                "write the same instant as `\"{}\"`",
                format_rfc3339(time.at)
            ),
        );
        found.fix(Safety::Safe, cx.set_time(key.path, time.at));
    }
}
