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

/// How a date is spelled in front of other words.
const LEADS: [(&str, &str); 6] = [
    ("0000-00-00", "%Y-%m-%d"),
    ("0000/00/00", "%Y/%m/%d"),
    ("00.00.0000", "%d.%m.%Y"),
    ("0.00.0000", "%d.%m.%Y"),
    ("00.0.0000", "%d.%m.%Y"),
    ("0.0.0000", "%d.%m.%Y"),
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
        let (date, rest) = day(text)?;
        let day = Self { date, time: None };
        let joined = rest.strip_prefix(['T', 't']);
        let apart = joined
            .or_else(|| rest.strip_prefix(", "))
            .or_else(|| rest.strip_prefix(" at "))
            .or_else(|| rest.strip_prefix(" um "))
            .or_else(|| rest.strip_prefix(" à "))
            .or_else(|| rest.starts_with(' ').then(|| rest.trim_start()));
        match apart.and_then(|rest| clock(rest, joined.is_some())) {
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
        let (time, rest) = clock(text, false)?;
        let time = Some(time);
        Some((Self { date, time }, rest))
    }
}

/// A date at the beginning of a text, and what comes behind.
fn day(text: &str) -> Option<(NaiveDate, &str)> {
    LEADS.iter().find_map(|(shape, format)| {
        let (date, rest) = text.split_at_checked(shape.len())?;
        is_shaped(date, shape).then_some(())?;
        Some((NaiveDate::parse_from_str(date, format).ok()?, rest))
    })
}

/// Whether a text begins as if it were with a time of day, in whatever spelling.
pub(super) fn looks_timed(text: &str) -> bool {
    let (dated, text) = match day(text) {
        Some((_, rest)) => (true, rest.trim_start_matches([' ', ',', 'T'])),
        None => (false, text),
    };
    let mark = |c: char| c == ':' || dated && c == '.';
    ["00:00", "0:00"].iter().any(|shape| {
        text.split_at_checked(shape.len())
            .is_some_and(|(time, rest)| {
                time.contains(mark)
                    && is_shaped(&time.replace('.', ":"), shape)
                    && !rest.starts_with(|c: char| c.is_ascii_digit())
            })
    })
}

/// `HH:MM`, seconds and a zone if they follow; not of a clock with twelve hours, and not of a zone
/// that is only a name, which may mean several. `exact` times are those of RFC 3339.
fn clock(text: &str, mut exact: bool) -> Option<((NaiveTime, TimeDelta), &str)> {
    let (minute, mut rest) = text.split_at_checked(5)?;
    is_shaped(minute, "00:00").then_some(())?;
    let mut time = NaiveTime::parse_from_str(minute, "%H:%M").ok()?;
    if let Some((seconds, after)) = rest.split_at_checked(3)
        && is_shaped(seconds, ":00")
    {
        time = NaiveTime::parse_from_str(&format!("{minute}{seconds}"), "%H:%M:%S").ok()?;
        rest = after;
        exact = true;
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    // `09:00-10:30` is from when to when, as long as nothing says that it is an offset.
    if is_range(rest) && !(exact && offset(rest).is_some()) {
        return Some(((time, TimeDelta::zero()), rest));
    }
    if let Some(after) = rest.strip_prefix(" Uhr")
        && !after.starts_with(char::is_alphanumeric)
    {
        rest = after;
    }
    let (ahead, rest) = zone(rest)?;
    let word = rest.trim_start().to_ascii_lowercase();
    let twelve = ["am", "pm", "a.m", "p.m"].iter().any(|half| {
        word.strip_prefix(half)
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    });
    let more = rest.strip_prefix([':', '+']).unwrap_or(rest);
    let goes_on = rest.starts_with(char::is_alphanumeric)
        || more.len() < rest.len() && more.starts_with(|c: char| c.is_ascii_digit());
    (!twelve && !goes_on).then_some(((time, ahead), rest))
}

/// Whether the end of a period follows.
pub(super) fn is_range(rest: &str) -> bool {
    let dashes = ['-', '–', '—'];
    let end = rest.trim_start().strip_prefix(dashes);
    let ends = |shape: &&str| {
        let end = end.and_then(|end| end.trim_start().split_at_checked(shape.len()));
        end.is_some_and(|(end, rest)| {
            is_shaped(end, shape) && !rest.starts_with(|c: char| c.is_alphanumeric() || c == ':')
        })
    };
    // With a blank before it only, it reads as an offset.
    let lone = rest.starts_with(' ') && offset(rest.trim_start()).is_some();
    let compact = offset(rest).is_none() && ends(&"0000");
    !lone && (["00:00", "0:00"].iter().any(ends) || compact)
}

/// Names of zones that a time may have behind it. Most of them mean more than one offset, or
/// another one in summer.
const ZONES: &[&str] = &[
    "ACDT", "ACST", "AEDT", "AEST", "AKDT", "AKST", "AST", "AWST", "BRT", "BST", "CDT", "CEST",
    "CET", "CST", "CT", "EDT", "EEST", "EET", "EST", "ET", "HKT", "HST", "IST", "JST", "KST",
    "MDT", "MESZ", "MEZ", "MSK", "MST", "MT", "NZDT", "NZST", "PDT", "PST", "PT", "SAST", "SGT",
    "WEST", "WET",
];

/// How names of zones by place begin.
const AREAS: &[&str] = &[
    "Africa/",
    "America/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
];

/// How far ahead of UTC a time with this behind it is, and what comes behind the zone; `None` if
/// the zone is not known to be one offset.
fn zone(rest: &str) -> Option<(TimeDelta, &str)> {
    let bare = rest.trim_start_matches([' ', '(']);
    let named = |name: &&str| {
        let after = bare.strip_prefix(name)?;
        (!after.starts_with(char::is_alphanumeric)).then_some(after)
    };
    if ZONES.iter().any(|name| named(name).is_some())
        || AREAS.iter().any(|area| bare.starts_with(area))
    {
        return None;
    }
    let bare = rest.strip_prefix(' ').unwrap_or(rest);
    if let Some(after) = bare.strip_prefix(['Z', 'z'])
        && !after.starts_with(char::is_alphanumeric)
    {
        return Some((TimeDelta::zero(), after));
    }
    for name in ["UTC", "GMT"] {
        let Some(after) = bare.strip_prefix(name) else {
            continue;
        };
        let behind = after.strip_prefix(' ').unwrap_or(after);
        if behind.starts_with(['+', '-', '−', '±'])
            && behind.chars().nth(1).is_some_and(|c| c.is_ascii_digit())
        {
            return offset(behind);
        }
        if !after.starts_with(char::is_alphanumeric) {
            return Some((TimeDelta::zero(), after));
        }
    }
    // A number of one or two digits is an offset only behind a name.
    let digits = bare.bytes().skip(1).take_while(u8::is_ascii_digit).count();
    let long = digits == 4 || bare.as_bytes().get(3) == Some(&b':');
    Some(match offset(bare).filter(|_| long) {
        Some(found) => found,
        None => (TimeDelta::zero(), rest),
    })
}

/// `+02:00`, `+0200`, `+02` or `+2`, as far as there is such an offset on earth.
fn offset(text: &str) -> Option<(TimeDelta, &str)> {
    ["+00:00", "+0000", "+0:00", "+00", "+0"]
        .iter()
        .find_map(|shape| {
            let (sign, rest) = match text.strip_prefix('+') {
                Some(rest) => (1, rest),
                None => (-1, text.strip_prefix('-')?),
            };
            let (number, after) = rest.split_at_checked(shape.len() - 1)?;
            let ends = !after.starts_with(|c: char| c.is_alphanumeric() || c == ':');
            (ends && is_shaped(number, shape.strip_prefix('+')?)).then_some(())?;
            let minutes = if shape.len() > 3 { 2 } else { 0 };
            let (hours, minutes) = number.split_at_checked(number.len() - minutes)?;
            let hours: i64 = hours.trim_end_matches(':').parse().ok()?;
            let minutes: i64 = minutes.parse().unwrap_or(0);
            let exists = hours <= 14 && minutes < 60;
            exists.then(|| (TimeDelta::minutes(sign * (60 * hours + minutes)), after))
        })
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
            "03.01.2026 10:15",
            "3.1.2026 um 10:15 Uhr",
            "2026/01/03 10:15",
            "2026-01-03T11:15+01:00",
            "2026-01-03 12:15 UTC+2",
            "2026-01-03 12:15 UTC +02:00",
            "2026-01-03 11:15 GMT+1",
            "2026-01-03 04:45 UTC-05:30",
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
    fn a_period_begins_when_it_begins() {
        for rest in [
            "-17:00 x",
            "-11:00",
            " - 11:30",
            "–11:30 x",
            "-1700",
            " – 9:05",
        ] {
            let text = format!("2026-01-03 10:15{rest}");
            let (when, behind) = When::lead(&text).unwrap();
            assert_eq!(
                when.at().map(format_rfc3339).as_deref(),
                Some("2026-01-03T10:15:00Z"),
                "{text}"
            );
            assert_eq!(behind, rest);
        }
    }

    #[test]
    fn what_says_more_or_less_is_no_time() {
        for text in [
            "2026-01-03 10:15 PM",
            "2026-01-03 10:15 CET",
            "2026-01-03 10:15 (PST)",
            "2026-01-03 10:15 Europe/Berlin",
            "2026-01-03 10:15 UTC+25",
            "2026-01-03 10:15-17:00",
            "2026-01-03 10:15+99:00",
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
