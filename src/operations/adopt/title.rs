//! What the first heading says.

use super::metadata::status;
use super::when::When;
use crate::document::{Document, Heading, Span, Status};

/// What the first heading says besides the title.
#[derive(Debug, Default)]
pub(super) struct TitleParts {
    /// The title itself, a part of the heading's text.
    pub title: Span,
    /// `Session 12`.
    pub number: Option<Span>,
    /// A date in front.
    pub date: Option<When>,
    /// A status behind, and where.
    pub status: Option<(Status, Span)>,
}

/// Takes a heading such as `Session 12: Title – Done` apart.
pub(super) fn title_parts(document: &Document, heading: &Heading) -> TitleParts {
    let mut parts = TitleParts::default();
    let span = heading.text_span;
    let text = document.text;
    let mut rest = span;
    let strip = |rest: Span, chars: &[char]| {
        let slice = rest.of(text);
        let start = rest.start + slice.len() - slice.trim_start_matches(chars).len();
        Span::new(start.min(rest.end), rest.end)
    };
    let between = [' ', ':', '-', '–', '—', '|', '#', '.'];
    for word in ["Title", "Session Log", "Session Notes", "Session"] {
        let slice = rest.of(text);
        let Some((start, after)) = slice.split_at_checked(word.len()) else {
            continue;
        };
        if !start.eq_ignore_ascii_case(word) || !after.starts_with([':', ' ', '-']) {
            continue;
        }
        let behind = strip(Span::new(rest.start + word.len(), rest.end), &between);
        let colon = after.trim_start().starts_with([':', '-', '–', '—']);
        let slice = behind.of(text);
        let digits = slice.len() - slice.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = Span::new(behind.start, behind.start + digits);
        let sign = slice.get(digits..).unwrap_or("").trim_start();
        if digits > 0
            && digits < 5
            && sign.starts_with([':', '-', '–', '—', '|', '('])
            && When::lead(slice).is_none()
            && !sign.starts_with('(')
        {
            let after = strip(Span::new(number.end, behind.end), &between);
            if status(after.of(text)) == (None, false) && !is_generic(after.of(text)) {
                parts.number = Some(number);
                rest = after;
            }
        } else if When::lead(slice).is_some() || colon {
            rest = behind;
        }
        break;
    }
    if let Some((when, after)) = When::lead(rest.of(text)) {
        let behind = strip(Span::new(rest.end - after.len(), rest.end), &between);
        if !behind.is_empty() && !is_generic(behind.of(text)) {
            parts.date = Some(when);
            rest = behind;
        }
    }
    let slice = rest.of(text);
    let tail = [" – ", " — ", " - ", ": ", " (", " ["]
        .iter()
        .filter_map(|mark| slice.rfind(mark).map(|at| (at, at + mark.len())))
        .max();
    if let Some((at, behind)) = tail
        && let Some(word) = slice.get(behind..)
        && let (Some(status), true) = status(word)
    {
        parts.status = Some((status, Span::new(rest.start + at, rest.end)));
        rest.end = rest.start + slice.get(..at).unwrap_or("").trim_end().len();
    }
    parts.title = rest;
    parts
}

/// Whether a title says no more than that this is a session, or when it was.
pub(super) fn is_generic(title: &str) -> bool {
    const WORDS: [&str; 19] = [
        "session", "sessions", "log", "notes", "note", "ad", "hoc", "work", "date", "title", "the",
        "for", "of", "daily", "summary", "agent", "untitled", "main", "eod",
    ];
    let lower = title.to_lowercase();
    lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .all(|word| WORDS.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit()))
}
