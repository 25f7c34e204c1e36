use super::context::{Context, Findings, Safety};
use super::rule::declare;
use crate::document::{FRONTMATTER_LIMIT, Fences, Span, next_line};

declare! {
    /// The frontmatter block has no end.
    ///
    /// ## What it checks
    ///
    /// The `---` on the first line is followed by another line `---`, at most 256 KiB further on.
    ///
    /// ## Why
    ///
    /// Without the second line the whole file is YAML to every reader, and none of its sections
    /// exist.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ---
    /// session:
    ///   title: "Weather fallback"
    ///
    /// # Session: Weather fallback
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ---
    /// session:
    ///   title: "Weather fallback"
    /// ---
    ///
    /// # Session: Weather fallback
    /// ```
    ///
    /// ## Fix
    ///
    /// If all that stands before the first heading is a YAML map, the line `---` is put behind it:
    /// unsafe, because a comment at its end can be text that was meant for the body.
    "AS102", "unclosed-frontmatter", Frontmatter, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let frontmatter = &cx.document.frontmatter;
    let start = frontmatter.span.start;
    let fence = Span::new(start, start + 3);
    let (message, help) = match frontmatter.fences {
        Fences::Unclosed => (
            "the frontmatter that begins here has no end".to_owned(),
            "put a line `---` behind the last key",
        ),
        Fences::TooLong => (
            format!(
                "the frontmatter that begins here is longer than {} KiB",
                FRONTMATTER_LIMIT / 1024
            ),
            "put a line `---` behind the last key, and long text into sections",
        ),
        Fences::Closed | Fences::Missing => return,
    };
    found.report(fence, message, help);
    // Up to the first heading, all of it has been read as YAML.
    let text = cx.document.text;
    let content = frontmatter.content;
    let root = frontmatter.root.as_ref();
    let is_map = root.is_some_and(|root| root.complete && root.entries().is_some());
    if frontmatter.fences == Fences::Unclosed
        && frontmatter.error.is_none()
        && is_map
        && content.end < text.len()
    {
        let written = content.start + content.of(text).trim_end().len();
        let at = next_line(text, written);
        let closed = format!("---{}", cx.document.line_break());
        found.fix(Safety::Unsafe, [(Span::at(at), closed)]);
    }
}
