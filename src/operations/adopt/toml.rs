//! Frontmatter in TOML.

use std::fmt::Write as _;

use super::head::{is_said, kept_name};
use super::metadata::Facts;
use crate::document::yaml::Node;
use crate::document::{Document, EditError, Span, next_line, quoted};

/// Deepest nesting that is carried over.
const NESTING_LIMIT: usize = 32;

/// Finds a block at `start` and where it ends; an error with its place if it cannot be read.
pub(super) fn find(
    document: &Document,
    start: usize,
) -> Option<Result<(::toml::Table, Span), (String, usize)>> {
    let text = document.text;
    let is_fence = |line: Span| line.of(text).trim_end() == "+++";
    let first = Span::new(start, next_line(text, start));
    is_fence(first).then_some(())?;
    let mut at = first.end;
    while at < text.len() {
        let line = Span::new(at, next_line(text, at));
        if is_fence(line) {
            let content = Span::new(first.end, line.start).of(text);
            let table = content.replace("\r\n", "\n").parse::<::toml::Table>();
            return Some(match table {
                Ok(table) => Ok((table, Span::new(start, line.end))),
                Err(error) => {
                    let offset = error.span().map_or(0, |span| span.start);
                    Err((error.message().to_owned(), first.end + offset))
                }
            });
        }
        at = line.end;
    }
    None
}

/// A value that is no collection, as text.
pub(super) fn scalar(value: &::toml::Value) -> Option<String> {
    Some(match value {
        ::toml::Value::String(text) => text.clone(),
        ::toml::Value::Integer(number) => number.to_string(),
        ::toml::Value::Float(number) => number.to_string(),
        ::toml::Value::Boolean(truth) => truth.to_string(),
        ::toml::Value::Datetime(at) => at.to_string(),
        ::toml::Value::Array(_) | ::toml::Value::Table(_) => return None,
    })
}

/// Writes what `facts` do not say as YAML, comments first.
pub(super) fn carry(
    table: &::toml::Table,
    block: &str,
    facts: &Facts,
    rest: &mut String,
) -> Result<(), EditError> {
    for comment in toml_comments(block) {
        let _ = writeln!(rest, "{}", comment.trim_end());
    }
    for (name, value) in table {
        if is_said(name, scalar(value).as_deref(), facts) {
            continue;
        }
        let mut text = String::new();
        if flow(value, 0, &mut text).is_none() {
            return Err(EditError {
                message: format!("`{name}` is nested too deeply to be carried over"),
                offset: None,
                help: "move what is not metadata into the body".into(),
            });
        }
        let _ = writeln!(rest, "{}: {text}", key(&kept_name(name, value.is_table())));
    }
    Ok(())
}

/// The comments of a TOML text, which the parser does not keep. The text is valid, so quotes are
/// all there is to be told from them.
fn toml_comments(text: &str) -> Vec<&str> {
    const QUOTES: [&str; 4] = ["\"\"\"", "'''", "\"", "'"];
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['#', '"', '\'']) {
        rest = rest.get(at..).unwrap_or("");
        if rest.starts_with('#') {
            let line = rest.lines().next().unwrap_or("");
            found.push(line);
            rest = rest.get(line.len()..).unwrap_or("");
            continue;
        }
        let quote = QUOTES.into_iter().find(|quote| rest.starts_with(quote));
        let quote = quote.unwrap_or("\"");
        rest = rest.get(quote.len()..).unwrap_or("");
        let mut closed = false;
        while !closed {
            let Some(at) = rest.find(['\\', '"', '\'']) else {
                return found;
            };
            rest = rest.get(at..).unwrap_or("");
            let escape = rest.starts_with('\\') && quote.starts_with('"');
            closed = rest.starts_with(quote);
            let length = if escape {
                1 + rest.chars().nth(1).map_or(0, char::len_utf8)
            } else if closed {
                quote.len()
            } else {
                1
            };
            rest = rest.get(length..).unwrap_or("");
        }
    }
    found
}

/// Writes a value as YAML in flow style.
fn flow(value: &::toml::Value, depth: usize, out: &mut String) -> Option<()> {
    (depth < NESTING_LIMIT).then_some(())?;
    let mut comma = "";
    match value {
        ::toml::Value::String(text) => out.push_str(&quoted(text)),
        ::toml::Value::Datetime(at) => out.push_str(&quoted(&at.to_string())),
        ::toml::Value::Array(items) => {
            out.push('[');
            for item in items {
                out.push_str(std::mem::replace(&mut comma, ", "));
                flow(item, depth + 1, out)?;
            }
            out.push(']');
        }
        ::toml::Value::Table(table) => {
            out.push('{');
            for (name, value) in table {
                let _ = write!(
                    out,
                    "{}{}: ",
                    std::mem::replace(&mut comma, ", "),
                    key(name)
                );
                flow(value, depth + 1, out)?;
            }
            out.push('}');
        }
        plain => out.push_str(&scalar(plain)?),
    }
    Some(())
}

/// A key, in quotes unless it is a plain word.
fn key(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if plain { name.to_owned() } else { quoted(name) }
}

/// Whether a YAML node says what a TOML value does.
pub(super) fn equal(node: &Node, value: &::toml::Value) -> bool {
    match value {
        ::toml::Value::Array(items) => node.items().is_some_and(|nodes| {
            nodes.len() == items.len() && nodes.iter().zip(items).all(|(a, b)| equal(a, b))
        }),
        ::toml::Value::Table(table) => node.entries().is_some_and(|entries| {
            entries.len() == table.len()
                && table.iter().all(|(name, value)| {
                    node.entry(name)
                        .is_some_and(|entry| equal(&entry.value, value))
                })
        }),
        plain => node.text() == scalar(plain).as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use super::toml_comments;

    #[test]
    fn comments_are_told_from_text() {
        let text = "# a\nb = \"# no \\\" # no\" # c\nd = '# no' #e\nf = \"\"\"\n# no \"x\n\"\"\"\n[g] # h\n";
        assert_eq!(toml_comments(text), ["# a", "# c", "#e", "# h"]);
    }
}
