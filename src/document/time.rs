//! The three ways a session writes an instant: RFC 3339 in the frontmatter, `YYYY-MM-DD HH:MM`
//! at the head of a log entry, `YYYYMMDD-HHMMSS` in a file name. All are UTC when written.
//!
//! The shape is checked byte by byte before a number is read, because general date parsers accept
//! single digits, tabs and leap seconds that other readers of these files refuse.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};

/// An instant, to the precision it was written with.
pub type Timestamp = DateTime<Utc>;

/// An RFC 3339 timestamp as found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rfc3339 {
    /// The instant.
    pub at: Timestamp,
    /// Whether it was written in UTC (`Z` or a zero offset).
    pub utc: bool,
}

/// Reads `text` as RFC 3339 with a `T` and either `Z` or a numeric offset; seconds are required,
/// a fraction is not.
pub fn parse_rfc3339(text: &str) -> Option<Rfc3339> {
    let date_time = text.get(..19)?;
    matches_shape(date_time, "0000-00-00T00:00:00").then_some(())?;
    let (date, time) = date_time.split_at_checked(10)?;
    let naive = date_and_time(date, time.get(1..)?, "-", ":")?;
    let mut rest = text.get(19..)?;
    let mut nanoseconds = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let shown = fraction.get(..digits.min(9))?;
        nanoseconds = shown.parse::<u32>().ok()? * 10_u32.pow(9 - u32::try_from(shown.len()).ok()?);
        rest = fraction.get(digits..)?;
    }
    let offset = match rest {
        "Z" | "z" => TimeDelta::zero(),
        _ => offset(rest)?,
    };
    let at = naive
        .with_nanosecond(nanoseconds)?
        .checked_sub_signed(offset)?
        .and_utc();
    Some(Rfc3339 {
        at,
        utc: offset.is_zero(),
    })
}

/// What [`parse_rfc3339`] accepts, days of months and leap years included, as a regular expression
/// that ECMAScript and Rust read alike. Not anchored.
pub const RFC3339_PATTERN: &str = concat!(
    "(?:",
    "[0-9]{4}-(?:",
    "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])",
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)",
    "|02-(?:0[1-9]|1[0-9]|2[0-8])",
    ")",
    "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29",
    ")",
    "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?",
    "(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])",
);

/// Writes an instant as the frontmatter has it: UTC, whole seconds.
pub fn format_rfc3339(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads the `YYYY-MM-DD HH:MM` of a log entry.
pub fn parse_minute(text: &str) -> Option<Timestamp> {
    matches_shape(text, "0000-00-00 00:00").then_some(())?;
    let (date, time) = text.split_at_checked(10)?;
    Some(date_and_time(date, time.get(1..)?, "-", ":")?.and_utc())
}

/// Writes the minute of a log entry.
pub fn format_minute(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// Reads the `YYYYMMDD-HHMMSS` of a file name.
pub fn parse_compact(text: &str) -> Option<Timestamp> {
    matches_shape(text, "00000000-000000").then_some(())?;
    let (date, time) = text.split_once('-')?;
    Some(date_and_time(date, time, "", "")?.and_utc())
}

/// Writes the timestamp of a file name.
pub fn format_compact(at: Timestamp) -> String {
    at.format("%Y%m%d-%H%M%S").to_string()
}

/// The instant at the start of its minute.
pub fn whole_minute(at: Timestamp) -> Timestamp {
    at.with_second(0)
        .and_then(|at| at.with_nanosecond(0))
        .unwrap_or(at)
}

fn offset(text: &str) -> Option<TimeDelta> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = text.get(1..)?;
    matches_shape(digits, "00:00").then_some(())?;
    let (hours, minutes) = digits.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then(|| TimeDelta::minutes(sign * (hours * 60 + minutes)))
}

fn date_and_time(date: &str, time: &str, dash: &str, colon: &str) -> Option<NaiveDateTime> {
    // The shape has been checked: all of it is digits.
    let number = |text: &str, at: usize, len: usize| -> Option<u32> {
        let digits = text.as_bytes().get(at..at + len)?;
        Some(digits.iter().fold(0, |number, digit| {
            number * 10 + u32::from(digit.wrapping_sub(b'0'))
        }))
    };
    let (dash, colon) = (dash.len(), colon.len());
    NaiveDate::from_ymd_opt(
        i32::try_from(number(date, 0, 4)?).ok()?,
        number(date, 4 + dash, 2)?,
        number(date, 6 + 2 * dash, 2)?,
    )?
    .and_hms_opt(
        number(time, 0, 2)?,
        number(time, 2 + colon, 2)?,
        // A log entry has no seconds.
        number(time, 4 + 2 * colon, 2).unwrap_or(0),
    )
}

/// Whether `text` has a digit wherever `shape` has one and is equal to it elsewhere.
fn matches_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, shape)| {
            if shape == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == shape
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_fractions_name_the_same_instant() {
        let instant = parse_rfc3339("2025-12-04T14:30:00Z").unwrap();
        assert!(instant.utc);
        let shifted = parse_rfc3339("2025-12-04T16:00:00.000+01:30").unwrap();
        assert_eq!((shifted.at, shifted.utc), (instant.at, false));
        assert_eq!(format_rfc3339(shifted.at), "2025-12-04T14:30:00Z");
    }

    #[test]
    fn what_other_readers_refuse_is_refused() {
        for text in [
            "2025-12-04 14:30:00Z",
            "2025-12-04T14:30Z",
            "2025-12-04T14:30:60Z",
            "2025-1-4T9:03:00Z",
            "2025-12-04T14:30:00",
            "2025-12-04T14:30:00.Z1",
            "2025-12-04T24:00:00Z",
            "2025-02-30T00:00:00Z",
            "２025-12-04T14:30:00Z",
            "2025-12-04T14:30:00+1:00",
            "2025-12-04T14:30:00+24:00",
            "",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
        assert_eq!(parse_minute("2025-12-04 14:3"), None);
        assert_eq!(parse_minute("2025-12-04T14:30"), None);
        assert_eq!(parse_compact("2025124-143000"), None);
    }

    #[test]
    fn the_pattern_and_the_parser_agree() {
        let pattern = regex::Regex::new(&format!("^(?:{RFC3339_PATTERN})$")).unwrap();
        let agree = |text: &str| {
            let parsed = parse_rfc3339(text).is_some();
            assert_eq!(pattern.is_match(text), parsed, "{text}");
            parsed
        };
        let mut accepted = 0;
        for year in [
            0, 4, 100, 400, 1900, 1999, 2000, 2004, 2023, 2024, 2100, 9999,
        ] {
            for month in 0..=13 {
                for day in 0..=32 {
                    let text = format!("{year:04}-{month:02}-{day:02}T14:30:00Z");
                    accepted += u32::from(agree(&text));
                }
            }
        }
        assert_eq!(accepted, 12 * 365 + 6);
        for hour in 0..=25 {
            for minute in [0, 9, 29, 59, 60, 99] {
                agree(&format!("2025-12-04T{hour:02}:{minute:02}:00Z"));
                agree(&format!("2025-12-04T14:30:{minute:02}Z"));
                agree(&format!("2025-12-04T14:30:00+{hour:02}:{minute:02}"));
                agree(&format!("2025-12-04T14:30:00.5-{hour:02}:{minute:02}"));
            }
        }
        for end in [
            "",
            "z",
            "Z\n",
            "Z ",
            ".Z",
            ".123456789012Z",
            ".1",
            "+0100",
            "+1:00",
            "-00:00",
        ] {
            agree(&format!("2025-12-04T14:30:00{end}"));
        }
        for text in [
            "2025-12-04t14:30:00Z",
            "2025-12-04 14:30:00Z",
            "2025-12-04T14:30Z",
            " 2025-12-04T14:30:00Z",
        ] {
            assert!(!agree(text));
        }
    }

    #[test]
    fn each_form_reads_back_what_it_wrote() {
        let at = parse_rfc3339("2025-12-04T14:30:59Z").unwrap().at;
        assert_eq!(parse_compact(&format_compact(at)), Some(at));
        assert_eq!(parse_minute(&format_minute(at)), Some(whole_minute(at)));
    }
}
