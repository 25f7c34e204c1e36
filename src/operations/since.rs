//! What happened lately, grouped by session.

use chrono::TimeDelta;
use serde::Serialize;

use super::slug_of;
use crate::document::time::{Timestamp, format_rfc3339, parse_minute, parse_rfc3339, whole_minute};
use crate::document::{Document, Source, Status};
use crate::error::{Error, Result};
use crate::store::Store;

/// A session to which something happened.
#[derive(Debug, Serialize)]
pub struct Activity {
    /// Its file name.
    pub session: String,
    /// Its short name.
    pub slug: String,
    /// Its title.
    pub title: Option<String>,
    /// Its status, if valid.
    pub status: Option<Status>,
    /// When it was closed, RFC 3339; what was logged before is in the trash.
    pub closed_at: Option<String>,
    /// The log entries of that time, in the order of the file.
    pub entries: Vec<Event>,
}

/// An entry of the log.
#[derive(Debug, Serialize)]
pub struct Event {
    /// When, to the minute; RFC 3339.
    pub at: String,
    /// Who.
    pub agent: String,
    /// Did what.
    pub action: String,
    /// The first line of its text.
    pub text: String,
}

/// The instant that `text` means: a span before now (`90m`, `12h`, `1d`, `2w`), a day
/// (`2025-12-04`, from midnight UTC), a minute (`2025-12-04 14:30`) or RFC 3339.
///
/// # Errors
///
/// When it is none of these.
pub fn start(text: &str, now: Timestamp) -> Result<Timestamp> {
    let ago = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let number: i64 = number.parse().ok().filter(|number| *number >= 0)?;
        let span = match unit {
            "m" => TimeDelta::try_minutes(number),
            "h" => TimeDelta::try_hours(number),
            "d" => TimeDelta::try_days(number),
            "w" => TimeDelta::try_weeks(number),
            _ => None,
        };
        now.checked_sub_signed(span?)
    };
    ago()
        .or_else(|| Some(parse_rfc3339(text)?.at))
        .or_else(|| parse_minute(text))
        .or_else(|| parse_minute(&format!("{text} 00:00")))
        .ok_or_else(|| {
            Error::usage(format!("`{text}` is neither a span nor a time"))
                .hint("agentsess list --since 1d")
        })
}

/// What happened from `start` on: the sessions of this work tree and those closed since, the one
/// with the latest event first.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn since(store: &Store, start: Timestamp) -> Result<Vec<Activity>> {
    let start = whole_minute(start);
    let mut found = Vec::new();
    for name in store.names()? {
        let Ok(source) = store.read(&name) else {
            continue;
        };
        let activity = activity(&name, &Document::parse(&source), start);
        if !activity.entries.is_empty() {
            found.push(activity);
        }
    }
    for trashed in store.trashed() {
        let closed = parse_rfc3339(&trashed.entry.removed_at).map(|at| at.at);
        let here = store.path(&trashed.entry.name).exists();
        if trashed.entry.became.is_some() || here || closed.is_none_or(|at| at < start) {
            continue;
        }
        if let Ok(bytes) = trashed.bytes() {
            let source = Source::new(bytes);
            let document = Document::parse(&source);
            let mut activity = activity(&trashed.entry.name, &document, start);
            activity.closed_at = Some(trashed.entry.removed_at);
            found.push(activity);
        }
    }
    found.sort_by_cached_key(|activity| std::cmp::Reverse(activity.latest()));
    Ok(found)
}

impl Activity {
    fn latest(&self) -> Option<String> {
        let last = self.entries.iter().map(|event| &event.at).max();
        self.closed_at.as_ref().max(last).cloned()
    }
}

fn activity(name: &str, document: &Document, start: Timestamp) -> Activity {
    let entries = document.body.log(document.text).into_iter();
    let entries = entries.filter_map(|entry| {
        let stamp = entry.stamp().filter(|stamp| stamp.at >= start)?;
        let text = entry.text.of(document.text);
        Some(Event {
            at: format_rfc3339(stamp.at),
            agent: stamp.agent.to_owned(),
            action: stamp.action.to_owned(),
            text: text.lines().next().unwrap_or("").trim().to_owned(),
        })
    });
    Activity {
        session: name.to_owned(),
        slug: slug_of(name).to_owned(),
        title: document.frontmatter.title().map(str::to_owned),
        status: document.frontmatter.status(),
        closed_at: None,
        entries: entries.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::time::format_minute;

    #[test]
    fn a_start_is_a_span_or_a_time() {
        let now = parse_minute("2025-12-04 14:30").unwrap();
        let at = |text| start(text, now).map(format_minute).unwrap_or_default();
        assert_eq!(at("90m"), "2025-12-04 13:00");
        assert_eq!(at("1d"), "2025-12-03 14:30");
        assert_eq!(at("1w"), "2025-11-27 14:30");
        assert_eq!(at("2025-12-01"), "2025-12-01 00:00");
        assert_eq!(at("2025-12-01 09:10"), "2025-12-01 09:10");
        assert_eq!(at("2025-12-01T09:10:00+02:00"), "2025-12-01 07:10");
        for text in [
            "",
            "d",
            "-1d",
            "1y",
            "1.5h",
            "yesterday",
            "99999999999999999d",
            "ü",
        ] {
            assert_eq!(at(text), "", "{text}");
        }
    }
}
