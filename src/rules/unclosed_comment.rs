use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::Unclosed;

declare! {
    /// An HTML comment has no end.
    ///
    /// ## What it checks
    ///
    /// A comment that begins a line with `<!--` is ended by `-->`.
    ///
    /// ## Why
    ///
    /// Everything behind it is a comment to every reader: its sections do not exist, and whatever
    /// is appended to the file disappears in it.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// <!-- Why this work is done.
    ///
    /// ## Next Steps
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// <!-- Why this work is done. -->
    ///
    /// ## Next Steps
    /// ```
    "AS206", "unclosed-comment", Sections, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    if let Some(Unclosed::Comment(span)) = cx.document.body.unclosed {
        found.report(
            span,
            "the comment that begins here has no end",
            "close it with `-->`",
        );
    }
}
