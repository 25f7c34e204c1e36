use std::borrow::Cow;

use chrono::NaiveDate;

use super::context::{Context, Findings, Safety, shown};
use super::rule::declare;
use crate::document::schema::{KEYS, ValueType};
use crate::document::time::{Timestamp, format_rfc3339, parse_minute, parse_rfc3339};

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
    ///
    /// ## Fix
    ///
    /// A time with a zone in another notation (`2025-12-04 14:30 UTC`) is written as the format has it:
    /// safe. One without a zone is taken for UTC, and a date alone gets the time that the file name or
    /// the last log entry has on that day: unsafe.
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
        let (help, fix) = match read(text) {
            Some((at, true)) => (
                format!("write `\"{}\"`", format_rfc3339(at)),
                Some((Safety::Safe, at)),
            ),
            Some((at, false)) => (
                format!("if that is UTC, write `\"{}\"`", format_rfc3339(at)),
                Some((Safety::Unsafe, at)),
            ),
            None => (
                "write date, time and zone: `\"2025-12-04T14:30:00Z\"`".into(),
                day(text).and_then(|day| Some((Safety::Unsafe, known(cx, key.path, day)?))),
            ),
        };
        found.report(
            value.span,
            format!("`{}` is not an RFC 3339 timestamp", shown(text)),
            help,
        );
        if let Some((safety, at)) = fix
            && (safety == Safety::Safe || fits(cx, key.path, at))
        {
            found.fix(safety, cx.set_time(key.path, at));
        }
    }
}

/// The instant of a date and time in another notation, and whether its zone is named.
fn read(text: &str) -> Option<(Timestamp, bool)> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    let time = match rest.strip_prefix(['T', 't']) {
        Some(time) => time,
        None if rest.starts_with(' ') => rest.trim_start(),
        None => return None,
    };
    let end = time.find(|c: char| !matches!(c, '0'..='9' | ':' | '.'));
    let (clock, zone) = time.split_at_checked(end.unwrap_or(time.len()))?;
    let seconds = if clock.len() == 5 { ":00" } else { "" };
    let zone = zone.trim();
    let is_utc = ["z", "utc", "gmt"]
        .iter()
        .any(|utc| utc.eq_ignore_ascii_case(zone));
    let zone = match zone.len() {
        0 => Cow::Borrowed("Z"),
        _ if is_utc => Cow::Borrowed("Z"),
        3 => Cow::Owned(format!("{zone}:00")),
        5 => Cow::Owned(format!("{}:{}", zone.get(..3)?, zone.get(3..)?)),
        _ => Cow::Borrowed(zone),
    };
    let at = parse_rfc3339(&format!("{date}T{clock}{seconds}{zone}"))?.at;
    let zoned = end.is_some();
    Some((at, zoned))
}

/// The day that a date without a time names.
fn day(text: &str) -> Option<NaiveDate> {
    let day = parse_minute(&format!("{} 00:00", text.trim()))?;
    Some(day.date_naive())
}

/// The time of that day at which, going by the rest of the file, it was.
fn known(cx: &Context<'_>, path: &[&str], day: NaiveDate) -> Option<Timestamp> {
    let at = match path {
        ["session", "created"] => cx.name?.created,
        ["session", "last_updated"] => cx.log_stamps().next_back()?.1.at,
        _ => return None,
    };
    (at.date_naive() == day).then_some(at)
}

/// Whether the creation would still come before the last update, and both before now.
fn fits(cx: &Context<'_>, path: &[&str], at: Timestamp) -> bool {
    let in_order = match path {
        ["session", "created"] => cx.last_updated().is_none_or(|(_, updated)| at <= updated),
        ["session", "last_updated"] => cx.created().is_none_or(|(_, created)| created <= at),
        _ => true,
    };
    in_order && !cx.is_future(at)
}
