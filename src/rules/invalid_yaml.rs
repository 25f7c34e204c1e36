use super::context::{Context, Findings, Safety, shown};
use super::hidden_character::is_visible;
use super::rule::declare;
use crate::document::schema::{KEYS, ValueType};
use crate::document::{Document, Source, Span, Splice, line_start, next_line, quoted};

declare! {
    /// The frontmatter is not valid YAML.
    ///
    /// ## What it checks
    ///
    /// The block between the two lines `---` can be parsed. The finding stands where the parser
    /// gave up; the mistake may be on the line above.
    ///
    /// ## Why
    ///
    /// Readers drop all of a block that they cannot parse, status and title included.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   title: Fix: the fallback
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   title: "Fix: the fallback"
    /// ```
    ///
    /// ## Fix
    ///
    /// A value on one line that means something else to YAML is put in quotes, and a blank behind the
    /// colon of a known key: safe, and done only if the whole block can be read then.
    "AS103", "invalid-yaml", Frontmatter, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let frontmatter = &cx.document.frontmatter;
    // An unclosed block takes in whatever follows it, which need not be YAML.
    let Some(error) = frontmatter.error.as_ref().filter(|_| cx.has_frontmatter()) else {
        return;
    };
    let text = cx.document.text;
    let rest = text.get(error.offset..frontmatter.content.end);
    let next = rest.and_then(|rest| rest.chars().next());
    let width = next.filter(|c| !c.is_control()).map_or(0, char::len_utf8);
    let start = line_start(text, error.offset).max(frontmatter.content.start);
    let before = Span::new(frontmatter.content.start, start).of(text);
    let line = Span::new(start, next_line(text, start)).of(text);
    found.report(
        Span::new(error.offset, error.offset + width),
        format!("the frontmatter is not valid YAML: {}", error.message),
        help(before, line, &error.message),
    );
    if let Some(splices) = mended(cx.document) {
        found.fix(Safety::Safe, splices);
    }
}

/// More lines than anybody gets wrong in the same way.
const LINES: usize = 16;

/// What makes the whole block readable: quotes around values, blanks behind colons.
fn mended(document: &Document<'_>) -> Option<Vec<Splice>> {
    let mut splices: Vec<Splice> = Vec::new();
    let mut offset = document.frontmatter.error.as_ref()?.offset;
    while splices.len() < LINES {
        let splice = mended_line(document, offset)?;
        if splices
            .last()
            .is_some_and(|(last, _)| splice.0.start <= last.end)
        {
            return None;
        }
        splices.push(splice);
        let source = Source::new(document.patch(&splices).ok()?);
        let after = Document::parse(&source).frontmatter;
        match after.error {
            Some(error) => {
                let lengths = splices
                    .iter()
                    .map(|(span, new)| new.len() + span.start - span.end);
                offset = error.offset.checked_sub(lengths.sum())?;
            }
            None => return (after.fences == document.frontmatter.fences).then_some(splices),
        }
    }
    None
}

fn mended_line(document: &Document<'_>, offset: usize) -> Option<Splice> {
    let text = document.text;
    let content = document.frontmatter.content;
    let start = line_start(text, offset).max(content.start);
    let line = Span::new(start, next_line(text, start).min(content.end));
    let is_name = |key: &str| {
        let named = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        !key.is_empty() && key.chars().all(named)
    };
    if let Some((key, value)) = key_and_value(line.of(text))
        && needs_quotes(value)
        && is_name(key)
        // What stands behind it may be a comment.
        && !value.contains(" #")
        && is_visible(value)
        && !is_open(key, value)
    {
        let end = start + line.of(text).trim_end().len();
        return Some((Span::new(end - value.len(), end), quoted(value)));
    }
    // What is written so is noticed there, or at the colon of the next line.
    let above = Span::new(line_start(text, start.saturating_sub(1)), start);
    [line, above].into_iter().find_map(|line| {
        let written = line.of(text).trim_end();
        let (key, value) = written.trim_start().split_once(':')?;
        let is_known = KEYS.iter().any(|known| known.path.last() == Some(&key));
        let joined = is_known && value.starts_with(|c: char| !c.is_whitespace());
        let end = line.start + written.len();
        // All of the line is read anew.
        let from = end - written.trim_start().len();
        joined.then(|| (Span::new(from, end), format!("{key}: {value}")))
    })
}

/// Whether a value is rather a list or map that was not closed.
fn is_open(key: &str, value: &str) -> bool {
    let mut known = KEYS.iter().filter(|known| known.path.last() == Some(&key));
    let is_text = known.all(|known| known.value == ValueType::Text);
    match value.chars().next() {
        Some('[') => !is_text || !value.contains(']'),
        Some('{') => !is_text || !value.contains('}'),
        _ => false,
    }
}

/// The usual causes, most telling first.
fn help(before: &str, line: &str, message: &str) -> String {
    let conflict = |line: &str| line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>");
    if conflict(line) || before.lines().any(conflict) {
        return "resolve the merge conflict".into();
    }
    let previous = before.lines().next_back().unwrap_or("");
    let indent = |line: &str| line.len() - line.trim_start().len();
    let tab = |line: &str| line.get(..indent(line)).is_some_and(|i| i.contains('\t'));
    if tab(line) || message.contains("a tab") {
        return "YAML is indented with spaces; replace the tab".into();
    }
    if message.contains("nesting") || message.contains("recursion") {
        return "collections are nested too deeply; move what is not metadata into the body".into();
    }
    if message.contains("trailing content") {
        return "text goes on after the closing quote: put all of it in quotes, and write a quote \
                within as `\\\"`"
            .into();
    }
    if message.contains("escape") {
        return "a backslash in double quotes begins an escape; write `\\\\`, or use single quotes"
            .into();
    }
    if let Some((key, value)) = key_and_value(line).filter(|(_, value)| needs_quotes(value)) {
        return format!(
            "put the value in quotes: `{key}: {}`",
            shown(&quoted(value))
        );
    }
    let opens = |quote: char| {
        key_and_value(previous).is_some_and(|(_, value)| {
            value.starts_with(quote) && (value.len() == 1 || !value.ends_with(quote))
        })
    };
    if opens('"') || opens('\'') {
        return "the quote on the line above is not closed".into();
    }
    if let Some((key, value)) = previous.trim().split_once(':')
        && !value.is_empty()
        && !value.contains(' ')
        && key_and_value(previous).is_none()
    {
        return format!("put a space after the colon on the line above: `{key}: {value}`");
    }
    if key_and_value(previous).is_some_and(|(_, value)| value.starts_with(['[', '{'])) {
        return "the bracket on the line above is not closed".into();
    }
    "check the indentation: the keys of one map stand in one column, its values further in".into()
}

/// The parts of a line `key: value`.
fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("- ").unwrap_or(line);
    let (key, value) = line.split_once(": ")?;
    Some((key, value.trim()))
}

/// Whether a plain value means something else to YAML.
fn needs_quotes(value: &str) -> bool {
    let quoted = value.starts_with(['"', '\'']);
    !quoted
        && (value.contains(": ")
            || value.ends_with(':')
            || value.starts_with("- ")
            || value.starts_with(['@', '`', '%', '*', '&', '!', '>', '|', '[', '{', '?', ',']))
}
