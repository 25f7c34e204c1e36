//! What the name of a file says.

use chrono::{NaiveDateTime, TimeDelta};

use super::title::is_generic;
use super::when::{When, is_shaped};
use crate::document::{SessionName, is_slug};
use crate::operations::stem_of;

/// A file name, taken apart.
#[derive(Debug)]
pub(super) struct Name<'n> {
    /// It follows the scheme.
    pub ours: bool,
    /// The date in it.
    pub when: Option<When>,
    /// The words behind or before the date, if they say something and can stay what they are.
    pub slug: Option<&'n str>,
    rest: &'n str,
}

/// How names write a time, the longest first.
const STAMPS: [&str; 6] = [
    "0000-00-00-000000",
    "0000-00-00-0000",
    "00000000-000000",
    "00000000-0000",
    "0000-00-00",
    "00000000",
];

impl<'n> Name<'n> {
    pub fn parse(name: &'n str) -> Self {
        let stem = stem_of(name);
        let found = stem.char_indices().find_map(|(at, _)| {
            let (before, text) = stem.split_at_checked(at)?;
            let (when, after) = lead(text)?;
            before
                .chars()
                .next_back()
                .is_none_or(|c| !c.is_alphanumeric())
                .then_some((before, when, after))
        });
        let (when, rest) = match found {
            Some(("", when, after)) => (Some(when), after),
            // Behind other words it is no prefix that could be taken off.
            Some((before, when, "")) => (Some(when), before),
            Some((_, when, _)) => (Some(when), stem),
            None => (None, stem),
        };
        let rest = rest.trim_matches(['-', '_', ' ', '.']);
        Self {
            ours: SessionName::parse(name).is_some(),
            when,
            slug: Some(rest)
                .filter(|rest| rest.len() < stem.len() && is_slug(rest))
                .filter(|rest| !is_generic(rest) && !is_commit(rest)),
            rest,
        }
    }

    /// The words as a title, without a number of the session.
    pub fn words(&self) -> Option<String> {
        let rest = self.rest.replace(['-', '_'], " ");
        let rest = rest.trim();
        let numbered = rest.strip_prefix("session").map(str::trim_start);
        let rest = numbered.map_or(rest, |rest| {
            rest.trim_start_matches(|c: char| c.is_ascii_digit())
                .trim_start()
        });
        let mut chars = rest.chars();
        let first = chars.next()?;
        Some(first.to_uppercase().chain(chars).collect())
    }
}

/// Whether this is the id of a commit, which describes nothing.
fn is_commit(text: &str) -> bool {
    text.len() >= 7
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

fn lead(text: &str) -> Option<(When, &str)> {
    STAMPS.iter().find_map(|shape| {
        let (stamp, rest) = text.split_at_checked(shape.len())?;
        let apart = !rest.starts_with(char::is_alphanumeric);
        (apart && is_shaped(stamp, shape)).then_some(())?;
        let digits = format!("{:0<14}", stamp.replace('-', ""));
        let at = NaiveDateTime::parse_from_str(&digits, "%Y%m%d%H%M%S").ok()?;
        let timed = shape.matches('0').count() > 8;
        let when = When {
            date: at.date(),
            time: timed.then(|| (at.time(), TimeDelta::zero())),
        };
        Some((when, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::time::format_rfc3339;

    #[test]
    fn dates_and_words() {
        for (name, at, slug) in [
            (
                "2026-01-03-fix-login.md",
                "2026-01-03T00:00:00Z",
                Some("fix-login"),
            ),
            (
                "2026-01-03-session-12-fix.md",
                "2026-01-03T00:00:00Z",
                Some("session-12-fix"),
            ),
            (
                "20260103-101500-fix.md",
                "2026-01-03T10:15:00Z",
                Some("fix"),
            ),
            (
                "2026-01-03-1015-fix.md",
                "2026-01-03T10:15:00Z",
                Some("fix"),
            ),
            ("2026-01-03_Fix it.md", "2026-01-03T00:00:00Z", None),
            (
                "handoff-2026-01-03.md",
                "2026-01-03T00:00:00Z",
                Some("handoff"),
            ),
            ("20260103.md", "2026-01-03T00:00:00Z", None),
            ("session-12.md", "", None),
            ("2026-13-03-fix.md", "", None),
            ("2026-01-03-6cfe281.md", "2026-01-03T00:00:00Z", None),
        ] {
            let parsed = Name::parse(name);
            let when = parsed.when.and_then(When::at).map(format_rfc3339);
            assert_eq!(when.unwrap_or_default(), at, "{name}");
            assert_eq!(parsed.slug, slug, "{name}");
        }
        let words = |name| Name::parse(name).words();
        assert_eq!(words("2026-01-03-session-08-fix-it.md").unwrap(), "Fix it");
        assert_eq!(words("session-12.md"), None);
    }
}
