//! What was found, as text for people and as data for programs: one file a format.
//!
//! What a session says is not to be trusted with a terminal: everything that comes from a file
//! goes through [`sanitize`] or [`one_line`] on its way out.

mod agent;
pub mod brief;
mod concise;
mod diff;
pub mod digest;
pub mod drift;
mod fingerprints;
mod fixes;
mod full;
mod github;
mod gitlab;
mod json;
mod junit;
mod mask;
pub mod prompt;
mod sarif;
mod statistics;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::lint::{Report, Safety};

pub use agent::agent;
pub use concise::concise;
pub use diff::diff;
pub use fixes::fixes;
pub use full::full;
pub use github::github;
pub use gitlab::gitlab;
pub use json::{Diagnosis, json};
pub use junit::junit;
pub use sarif::{sarif, uri};
pub use statistics::{statistics, statistics_json};

/// Version of the documents that `--json` prints; goes up when a field changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// What `--json` prints: an object that says which version of it this is.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Versioned<T> {
    schema_version: u32,
    #[serde(flatten)]
    value: T,
}

impl<T> Versioned<T> {
    /// The value with the version that this program writes.
    pub fn new(value: T) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            value,
        }
    }
}

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
    let text = if kept('\n') && !kept('\r') {
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
                | '\u{200b}'
                | '\u{2060}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// The same for every text in a value.
pub fn sanitize_value(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(safe) = sanitize(text) {
                *text = safe;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(sanitize_value),
        Value::Object(members) => members.values_mut().for_each(sanitize_value),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Text as a block of Markdown that nothing in it can end: its fence is longer than any in the text.
pub fn fenced(text: &str) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0).max(2) + 1);
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}text\n{text}{newline}{fence}\n")
}

/// A number of seconds in one unit, such as `5m`.
pub fn age(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ ..3600 => format!("{}m", seconds / 60),
        seconds @ ..86_400 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// Writes a value as one JSON document. What a terminal would act on is escaped; a program that
/// reads it gets the same text.
///
/// # Errors
///
/// When it cannot be written.
pub fn write_json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
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

/// The last line of every text format: how many files were looked at, what came of it, and what
/// more could be done about it without a hand.
pub fn summary(report: &Report) -> String {
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let fixed = fixed(report);
    let found = match (report.errors(), report.warnings()) {
        (0, 0) if fixed > 0 => "no problems left".to_owned(),
        (0, 0) => "no problems found".to_owned(),
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    let done = if fixed > 0 {
        format!("{fixed} fixed, ")
    } else {
        String::new()
    };
    let fixable = match (
        fixable(report, Safety::Safe),
        fixable(report, Safety::Unsafe),
    ) {
        (0, 0) => String::new(),
        (safe, 0) => format!("; {safe} fixable with --fix"),
        (0, more) => format!("; {more} fixable with --fix --unsafe-fixes"),
        (safe, more) => format!("; {safe} fixable with --fix ({more} more with --unsafe-fixes)"),
    };
    let unreadable = match report.unreadable.len() {
        0 => String::new(),
        number => format!("; {number} could not be read"),
    };
    let checked = count(report.checked, "file");
    format!("Checked {checked}: {done}{found}{fixable}{unreadable}")
}

/// How many findings a fix of this safety would remove.
pub fn fixable(report: &Report, safety: Safety) -> usize {
    let fixes = report
        .findings()
        .filter_map(|(_, found)| found.fix.as_ref());
    fixes.filter(|fix| fix.safety == safety).count()
}

fn fixed(report: &Report) -> usize {
    report.files.iter().map(|file| file.fixed.len()).sum()
}
