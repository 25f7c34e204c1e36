//! Errors of the reader of TOML in words for those who write a configuration.

use super::Config;
use crate::error::nearest;

/// What the reader of TOML says about types, in the words of TOML.
const WORDS: [(&str, &str); 10] = [
    ("expected u32", "expected a whole number from 0 on"),
    ("expected f64", "expected a number"),
    ("expected a sequence", "expected a list"),
    ("expected a boolean", "expected `true` or `false`"),
    ("expected a string", "expected text in quotes"),
    ("expected path string", "expected text in quotes"),
    ("invalid type: sequence", "wrong type: a list"),
    ("invalid type: map", "wrong type: a table"),
    ("invalid type", "wrong type"),
    ("unknown variant", "unknown value"),
];

/// What the reader of TOML found wrong, without what only programmers of Rust know.
pub(super) fn in_words(message: &str) -> String {
    if let Some(fields) = message.strip_prefix("unknown field ") {
        let names: Vec<_> = fields.split('`').skip(1).step_by(2).collect();
        if let Some((unknown, known)) = names.split_first() {
            return unknown_key(unknown, known);
        }
    }
    let words = WORDS.iter().fold(message.to_owned(), |text, (rust, word)| {
        text.replace(rust, word)
    });
    match words.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected a table"),
        None => words,
    }
}

/// Where the key belongs, or which of the `known` ones it is like.
fn unknown_key(unknown: &str, known: &[&str]) -> String {
    let all = serde_json::to_value(Config::default()).unwrap_or_default();
    let mut tables = all.as_object().into_iter().flatten();
    let home = tables.find(|(_, table)| table.get(unknown).is_some());
    if let Some((table, _)) = home {
        return format!("the key `{unknown}` belongs into `[{table}]`");
    }
    match nearest(unknown, known.iter().copied()) {
        Some(near) => format!("unknown key `{unknown}`; did you mean `{near}`?"),
        None => format!("unknown key `{unknown}`"),
    }
}
