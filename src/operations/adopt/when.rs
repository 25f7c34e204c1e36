//! Dates and times in the spellings that people and other tools use.

use chrono::{NaiveDate, NaiveTime, TimeDelta};

use crate::document::time::Timestamp;

/// A date, mostly with a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct When {
    pub date: NaiveDate,
    /// The time of day and how far it is ahead of UTC. Without a zone it is taken for UTC, as the
    /// format has it.
    pub time: Option<(NaiveTime, TimeDelta)>,
}

/// How a date is spelled when it is a whole value.
const DATES: [&str; 6] = [
    "%B %d, %Y",
    "%d %B %Y",
    "%B %d %Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%Y%m%d",
];

impl When {
    /// The instant; midnight where only the date is known.
    pub fn at(self) -> Option<Timestamp> {
        let (time, ahead) = self.time.unwrap_or_default();
        Some(
            self.date
                .and_time(time)
                .checked_sub_signed(ahead)?
                .and_utc(),
        )
    }

    /// Reads a value that is nothing but a date or a time.
    pub fn whole(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some((when, rest)) = Self::lead(text) {
            return rest.is_empty().then_some(when);
        }
        let date = |format: &&str| NaiveDate::parse_from_str(text, format).ok();
        let date = DATES.iter().find_map(date)?;
        Some(Self { date, time: None })
    }

    /// Reads a date at the beginning of `text`, with the time and the zone if they follow.
    /// Returns it with what comes behind.
    pub fn lead(text: &str) -> Option<(Self, &str)> {
        let (date, rest) = text.split_at_checked(10)?;
        let date = NaiveDate::parse_from_str(date, "%Y-%m-%d")
            .ok()
            .filter(|_| is_shaped(date, "0000-00-00"))?;
        let day = Self { date, time: None };
        let apart = rest
            .strip_prefix(['T', 't'])
            .or_else(|| rest.strip_prefix(", "))
            .or_else(|| rest.strip_prefix(" at "))
            .or_else(|| rest.starts_with(' ').then(|| rest.trim_start()));
        match apart.and_then(clock) {
            Some((time, rest)) => Some((
                Self {
                    date,
                    time: Some(time),
                },
                rest,
            )),
            // A number that goes on is no date.
            None if rest.starts_with(|c: char| c.is_alphanumeric()) => None,
            None => Some((day, rest)),
        }
    }

    /// Reads a time of day at the beginning of `text`, on this date.
    pub fn lead_on(date: NaiveDate, text: &str) -> Option<(Self, &str)> {
        let (time, rest) = clock(text)?;
        let time = Some(time);
        Some((Self { date, time }, rest))
    }
}

/// `HH:MM`, seconds and a zone if they follow; not of a clock with twelve hours.
fn clock(text: &str) -> Option<((NaiveTime, TimeDelta), &str)> {
    let (minute, mut rest) = text.split_at_checked(5)?;
    is_shaped(minute, "00:00").then_some(())?;
    let mut time = NaiveTime::parse_from_str(minute, "%H:%M").ok()?;
    if let Some((seconds, after)) = rest.split_at_checked(3)
        && is_shaped(seconds, ":00")
    {
        time = NaiveTime::parse_from_str(&format!("{minute}{seconds}"), "%H:%M:%S").ok()?;
        rest = after;
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    let (ahead, rest) = zone(rest);
    let word = rest.trim_start().to_ascii_lowercase();
    let twelve = ["am", "pm", "a.m", "p.m"].iter().any(|half| {
        word.strip_prefix(half)
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    });
    let more = rest.strip_prefix(':').unwrap_or(rest);
    let goes_on = rest.starts_with(char::is_alphanumeric)
        || more.len() < rest.len() && more.starts_with(|c: char| c.is_ascii_digit());
    (!twelve && !goes_on).then_some(((time, ahead), rest))
}

fn zone(rest: &str) -> (TimeDelta, &str) {
    let bare = rest.strip_prefix(' ').unwrap_or(rest);
    for name in ["UTC", "GMT", "Z", "z"] {
        if let Some(after) = bare.strip_prefix(name)
            && !after.starts_with(char::is_alphanumeric)
        {
            return (TimeDelta::zero(), after);
        }
    }
    for shape in ["+00:00", "-00:00", "+0000", "-0000"] {
        if let Some((offset, after)) = bare.split_at_checked(shape.len())
            && is_shaped(offset, shape)
            && !after.starts_with(char::is_alphanumeric)
        {
            let number = |at: usize| offset.get(at..at + 2).and_then(|n| n.parse::<i64>().ok());
            let minutes = number(shape.len() - 2).unwrap_or(0) + 60 * number(1).unwrap_or(0);
            let sign = if offset.starts_with('-') { -1 } else { 1 };
            return (TimeDelta::minutes(sign * minutes), after);
        }
    }
    (TimeDelta::zero(), rest)
}

/// Whether `text` has a digit wherever `shape` has a zero and is equal to it elsewhere.
pub(super) fn is_shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, shape)| {
            byte == shape && shape != b'0' || shape == b'0' && byte.is_ascii_digit()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::time::format_rfc3339;

    fn whole(text: &str) -> Option<String> {
        Some(format_rfc3339(When::whole(text)?.at()?))
    }

    #[test]
    fn one_instant_in_many_spellings() {
        for text in [
            "2026-01-03 10:15",
            "2026-01-03T10:15Z",
            "2026-01-03T10:15:00.123Z",
            "2026-01-03 11:15:00 +01:00",
            "2026-01-03 05:15 -0500",
            "2026-01-03, 10:15 UTC",
        ] {
            assert_eq!(
                whole(text).as_deref(),
                Some("2026-01-03T10:15:00Z"),
                "{text}"
            );
        }
        for text in [
            "2026-01-03",
            "January 3, 2026",
            "3 Jan 2026",
            "3.1.2026",
            "20260103",
        ] {
            assert_eq!(
                whole(text).as_deref(),
                Some("2026-01-03T00:00:00Z"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_says_more_or_less_is_no_time() {
        for text in [
            "2026-01-03 10:15 PM",
            "2026-01-03 10:15 CET",
            "2026-01-03 (Saturday)",
            "2026-13-03",
            "2026-01-03x",
            "yesterday",
            "",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
    }
}
