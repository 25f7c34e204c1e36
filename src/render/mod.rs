//! What was found, as text for people and as data for programs: one file a format.
//!
//! What a session says is not to be trusted with a terminal: everything that comes from a file
//! goes through [`sanitize`] or [`one_line`] on its way out.

pub mod brief;
mod concise;
mod diff;
mod full;
mod json;
mod positions;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::lint::Report;

pub use concise::concise;
pub use diff::diff;
pub use full::full;
pub use json::json;
pub use positions::Positions;

/// Version of the documents that `--json` prints; goes up when a field changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// Replaces what a terminal would act on instead of showing it: control characters and escape
/// sequences, and what reverses the direction of text. Line breaks and tabs stay.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    replaced(text, |c| matches!(c, '\n' | '\t'))
}

/// The same for text that must stay on one line.
pub fn one_line(text: &str) -> Cow<'_, str> {
    replaced(text, |_| false)
}

fn replaced(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let unsafe_here = |c: char| is_unsafe(c) && !kept(c);
    if !text.contains(unsafe_here) {
        return text.into();
    }
    // With `\n` allowed, the `\r` of a line break is as harmless.
    let text = if kept('\n') {
        Cow::from(text.replace("\r\n", "\n"))
    } else {
        text.into()
    };
    let show = |c: char| match u32::from(c) {
        _ if !unsafe_here(c) => c,
        low @ 0..0x20 => char::from_u32(0x2400 + low).unwrap_or('\u{fffd}'),
        0x7f => '␡',
        _ => '\u{fffd}',
    };
    text.chars().map(show).collect::<String>().into()
}

/// Control characters, and the characters with which text is made to look like other text: bidi
/// marks, embeddings, overrides and isolates, separators that count as line breaks, tags.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Writes a value as one JSON document. What a terminal would act on is escaped; a program that
/// reads it gets the same text.
///
/// # Errors
///
/// When it cannot be written.
pub fn write_json(value: &impl serde::Serialize, out: &mut dyn Write) -> io::Result<()> {
    let json = serde_json::to_string_pretty(value)?;
    let mut safe = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if is_unsafe(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe.push('\n');
    out.write_all(safe.as_bytes())
}

/// The last line of every text format: how many files were looked at, and what came of it.
pub fn summary(report: &Report) -> String {
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let found = match (report.errors(), report.warnings()) {
        (0, 0) => "no problems found".to_owned(),
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    format!("Checked {}: {found}", count(report.checked, "file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_acts_on_gets_through() {
        assert_eq!(
            sanitize("a\u{1b}[31mb\r\n\tc\u{202e}d\u{9b}"),
            "a␛[31mb\n\tc\u{fffd}d\u{fffd}"
        );
        assert_eq!(one_line("a\nb\u{7f}"), "a␊b␡");
        assert!(matches!(sanitize("plain – ü 日本\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_keeps_the_text_and_shows_no_control_character() {
        let text = "a\u{1b}\u{202e}\u{9b}\u{7f}\u{e0041}\n";
        let mut out = Vec::new();
        write_json(&text, &mut out).unwrap();
        let json = String::from_utf8(out).unwrap();
        assert!(!json.trim_end().contains(is_unsafe), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
