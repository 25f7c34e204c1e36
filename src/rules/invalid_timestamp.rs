use super::context::{Context, Findings, shown};
use super::rule::declare;
use crate::document::schema::{KEYS, ValueType};
use crate::document::time::parse_rfc3339;

declare! {
    /// A timestamp is not RFC 3339.
    ///
    /// ## What it checks
    ///
    /// `created`, `last_updated` and `handoff.at` are a date, a `T`, a time with seconds, and `Z`
    /// or an offset such as `+01:00`. It does not matter whether they are quoted.
    ///
    /// ## Why
    ///
    /// A time without a zone is a different instant on every machine, and other forms are read by
    /// some tools and refused by others.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   created: 2025-12-04 14:30
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   created: "2025-12-04T14:30:00Z"
    /// ```
    "AS109", "invalid-timestamp", Frontmatter, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    for key in KEYS.iter().filter(|key| key.value == ValueType::Timestamp) {
        let Some(value) = cx.entry(key.path).map(|entry| &entry.value) else {
            continue;
        };
        let Some(text) = value.text().filter(|_| !value.is_null()) else {
            continue;
        };
        if text.trim().is_empty() || parse_rfc3339(text).is_some() {
            continue;
        }
        let help = match completed(text) {
            Some(meant) => format!("if that is UTC, write `\"{meant}\"`"),
            None => "write date, time and zone: `\"2025-12-04T14:30:00Z\"`".into(),
        };
        found.report(
            value.span,
            format!("`{}` is not an RFC 3339 timestamp", shown(text)),
            help,
        );
    }
}

/// The timestamp with what people leave out: the `T`, the seconds, the zone.
fn completed(text: &str) -> Option<String> {
    let (text, _) = text.split_once(['Z', 'U']).unwrap_or((text, ""));
    let text = text.trim().replacen(' ', "T", 1);
    ["", "Z", ":00Z", "T00:00:00Z"]
        .into_iter()
        .map(|end| format!("{text}{end}"))
        .find(|candidate| parse_rfc3339(candidate).is_some())
}
