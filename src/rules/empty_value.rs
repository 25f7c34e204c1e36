use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::schema::{KEYS, ValueType};
use crate::document::{Span, next_line};

declare! {
    /// A required key has no value.
    ///
    /// ## What it checks
    ///
    /// The required keys of the frontmatter hold something: not nothing, not `null`, not only
    /// blanks. Optional keys may be empty.
    ///
    /// ## Why
    ///
    /// An empty title or task tells whoever takes over as little as none.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// orchestration:
    ///   current_task: ""
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// orchestration:
    ///   current_task: "Choose a second provider"
    /// ```
    "AS106", "empty-value", Frontmatter, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    for key in KEYS.iter().filter(|key| key.required) {
        let Some(entry) = cx.entry(key.path) else {
            continue;
        };
        let value = &entry.value;
        if value.is_null() || value.text().is_some_and(|text| text.trim().is_empty()) {
            let place = entry.key.span.joined(value.span);
            let path = key.path.join(".");
            let text = cx.document.text;
            let behind = Span::new(entry.key.span.end, next_line(text, entry.key.span.end));
            let behind = behind.of(text).trim_start_matches([':', ' ']);
            found.report(
                place,
                format!("the required key `{path}` has no value"),
                match key.value {
                    ValueType::Map => "put its keys below it, indented",
                    _ if behind.trim_start().starts_with('#') => {
                        "`#` begins a comment: put the value in quotes"
                    }
                    _ => "write a value: whoever takes over reads this key first",
                },
            );
        }
    }
}
