//! Fills a template in. It can read nothing but its variables, and it cannot grow without bounds.

use std::collections::BTreeMap;
use std::io::{self, Write};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};

use super::Template;
use crate::document::line_column;
use crate::error::{Error, Result, nearest};

/// The values of the variables.
pub(in crate::operations) type Values = BTreeMap<String, String>;

/// Steps a template may take; the largest built-in one takes a few dozen.
const FUEL: u64 = 100_000;

/// Most that a template may render to, in bytes.
const RENDERED_LIMIT: usize = 1024 * 1024;

/// The statements that templates have. Those that name a value would let a few lines double a text
/// until memory is gone, and steps do not count bytes.
const STATEMENTS: [&str; 8] = [
    "if", "elif", "else", "endif", "for", "endfor", "raw", "endraw",
];

impl Template {
    /// The body with the values in place of the variables.
    ///
    /// # Errors
    ///
    /// With the place in the template's file.
    pub(in crate::operations) fn render(&self, values: &Values) -> Result<String> {
        let body = self.body();
        if let Some((offset, word)) = foreign_statement(body) {
            return Err(self
                .error(offset, format!("templates have no statement `{word}`"))
                .hint("what they have: {{ name }}, {% if name %}, {% for x in [\"a\", \"b\"] %}"));
        }
        let mut rendered = Bounded(Vec::new());
        fill(body, values, &mut rendered).map_err(|error| {
            let offset = match error.range() {
                Some(range) => range.start,
                None => offset_of_line(body, error.line().unwrap_or(1)),
            };
            self.explain(offset, &error)
        })?;
        Ok(String::from_utf8(rendered.0).unwrap_or_default())
    }

    fn explain(&self, offset: usize, error: &minijinja::Error) -> Error {
        let place = self.body().get(offset..).unwrap_or("");
        let end = place.find(|c: char| !c.is_alphanumeric() && c != '_');
        let name = place.get(..end.unwrap_or(place.len())).unwrap_or("");
        let check = || format!("agentsess template check {}", self.name);
        match error.kind() {
            ErrorKind::UndefinedError if !name.is_empty() => {
                let known = self.known();
                let known = || known.iter().map(String::as_str);
                let message = format!("there is no variable `{name}`");
                let near = nearest(name, known());
                let hint = match near {
                    Some(near) => format!("write `{near}`, or declare `{name}` under `variables`"),
                    None => format!("declare `{name}` under `variables` in the frontmatter"),
                };
                self.error(offset, message).hint(hint)
            }
            ErrorKind::OutOfFuel => self
                .error(offset, "the template takes too many steps".into())
                .hint(check()),
            ErrorKind::WriteFailure => self
                .error(offset, "the template renders to more than 1 MiB".into())
                .hint(check()),
            kind => {
                let message = match error.detail() {
                    Some(detail) => detail.to_owned(),
                    None => kind.to_string(),
                };
                self.error(offset, message).hint(check())
            }
        }
    }

    /// An error at an offset of the body.
    pub(super) fn error(&self, offset: usize, message: String) -> Error {
        let position = line_column(&self.text, self.body + offset);
        match &self.path {
            Some(path) => Error::usage(message).at(path, Some(position)),
            None => Error::usage(format!("template `{}`: {message}", self.name)),
        }
    }
}

fn fill(body: &str, values: &Values, out: &mut Bounded) -> Result<(), minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_syntax(
        SyntaxConfig::builder()
            .keep_trailing_newline(true)
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // Without it errors have no place within their line.
    environment.set_debug(true);
    let template = environment.template_from_str(body)?;
    template.render_captured_to(Value::from_pairs(values.clone()), out)?;
    Ok(())
}

/// A buffer that takes no more than [`RENDERED_LIMIT`].
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > RENDERED_LIMIT {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The first `{% word` that is none of [`STATEMENTS`].
fn foreign_statement(body: &str) -> Option<(usize, &str)> {
    body.match_indices("{%").find_map(|(start, mark)| {
        let rest = body.get(start + mark.len()..)?;
        let word = rest.trim_start_matches(['-', '+']).trim_start();
        let offset = start + mark.len() + (rest.len() - word.len());
        let end = word.find(|c: char| !c.is_alphanumeric() && c != '_');
        let word = word.get(..end.unwrap_or(word.len()))?;
        // What is no word at all is left to the parser.
        (!word.is_empty() && !STATEMENTS.contains(&word)).then_some((offset, word))
    })
}

fn offset_of_line(text: &str, line: usize) -> usize {
    text.split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum()
}
