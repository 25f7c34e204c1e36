use super::context::{Context, Findings, Safety, shown};
use super::rule::{Severity, declare};
use crate::document::quoted;
use crate::document::schema::{KEYS, ValueType};
use crate::document::yaml::{Kind, Node};

declare! {
    /// A key holds the wrong kind of value.
    ///
    /// ## What it checks
    ///
    /// The frontmatter is a map, and so are `session`, `orchestration` and the other maps of the
    /// format; texts are texts, lists are lists. Aliases (`*name`) are not followed. A number or
    /// boolean where text belongs is a warning, because it is read as it is written, but not by
    /// every reader. Unknown keys may hold anything.
    ///
    /// ## Why
    ///
    /// A list as a title or a text as `session` makes readers fail or ignore the value.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   title: [Weather, fallback]
    ///   branch: 42
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   title: "Weather fallback"
    ///   branch: "42"
    /// ```
    ///
    /// ## Fix
    ///
    /// A number or boolean where text belongs is put in quotes, and a single word or name where a list
    /// belongs in brackets: safe, both are read so anyway. Everything else is left alone.
    "AS107", "wrong-type", Frontmatter, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let frontmatter = &cx.document.frontmatter;
    if let Some(root) = frontmatter.root.as_ref().filter(|_| cx.has_frontmatter())
        && root.entries().is_none()
        && !root.is_null()
        && frontmatter.error.is_none()
    {
        found.report(
            cx.first_line(root.span),
            format!("the frontmatter is {}, not a map", root.describe()),
            "it has the form `key: value`; begin with `session:`",
        );
    }
    for key in KEYS {
        let Some(value) = cx.entry(key.path).map(|entry| &entry.value) else {
            continue;
        };
        match (key.value, &value.kind) {
            (ValueType::Texts, Kind::Seq { items, .. }) => {
                for item in items.iter().filter(|item| cx.trusts(item)) {
                    compare(cx, ("an item of ", key.path), ValueType::Text, item, found);
                }
            }
            (expected, _) => compare(cx, ("", key.path), expected, value, found),
        }
    }
}

fn compare(
    cx: &Context<'_>,
    (prefix, path): (&str, &[&str]),
    expected: ValueType,
    value: &Node<'_>,
    found: &mut Findings<'_>,
) {
    let Some((expected, severity)) = mismatch(expected, value) else {
        return;
    };
    let actual = value.describe();
    found.report_as(
        severity,
        cx.first_line(value.span),
        format!("{prefix}`{}` is {actual}, not {expected}", path.join(".")),
        help(cx, expected, value),
    );
    let text = value.text().filter(|_| !value.decorated);
    let written = value.span.of(cx.document.text);
    let fix = match (expected, text) {
        ("text", Some(text)) => Some((value.span, quoted(text))),
        ("a list", Some(text)) if is_one(text) && !written.starts_with(['|', '>']) => {
            Some((value.span, format!("[{written}]")))
        }
        _ => None,
    };
    found.fix(Safety::Safe, fix);
}

/// Whether a value can stand in brackets as it is, and is not a list in itself.
fn is_one(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/'))
}

/// What is expected instead of this value, unless it will do.
fn mismatch(expected: ValueType, value: &Node<'_>) -> Option<(&'static str, Severity)> {
    let blank = value.text().is_some_and(|text| text.trim().is_empty());
    let expected = match (expected, &value.kind) {
        // Where a value is required, its absence is a finding of its own.
        _ if blank || value.is_null() => return None,
        // Every agent is looked at by its own rule.
        (ValueType::Agents, _)
        | (ValueType::Map, Kind::Map { .. })
        | (ValueType::Status | ValueType::Timestamp, Kind::Scalar { .. }) => return None,
        (ValueType::Text, Kind::Scalar { .. }) => {
            let other = matches!(value.describe(), "a number" | "a boolean");
            return other.then_some(("text", Severity::Warning));
        }
        (ValueType::Text, _) => "text",
        (ValueType::Map, _) => "a map",
        (ValueType::Texts, _) => "a list",
        (ValueType::Status, _) => "a status",
        (ValueType::Timestamp, _) => "a timestamp",
    };
    Some((expected, Severity::Error))
}

fn help(cx: &Context<'_>, expected: &str, value: &Node<'_>) -> String {
    let source = shown(value.span.of(cx.document.text));
    match (&value.kind, expected) {
        (Kind::Alias, _) => "write the value out: aliases are not followed".into(),
        (
            Kind::Map { flow: true, .. } | Kind::Seq { flow: true, .. } | Kind::Scalar { .. },
            "text",
        ) => {
            format!(
                "if it is meant as text, put it in quotes: `{}`",
                quoted(&source)
            )
        }
        (Kind::Scalar { .. }, "a list") => format!("put it in brackets: `[{source}]`"),
        (_, "a map") => "put its keys on lines of their own below it, indented".into(),
        (_, "a status") => "write one of `in_progress`, `paused`, `completed`".into(),
        (_, "a timestamp") => "write it as `\"2025-12-04T14:30:00Z\"`".into(),
        _ => format!("write {expected}"),
    }
}
