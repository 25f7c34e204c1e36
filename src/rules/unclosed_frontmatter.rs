use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::{FRONTMATTER_LIMIT, Fences, Span};

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
}
