use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::Unclosed;

declare! {
    /// An HTML comment or block has no end.
    ///
    /// ## What it checks
    ///
    /// A comment that begins a line with `<!--` is ended by `-->`, and a block that begins with
    /// `<pre>`, `<script>`, `<style>` or `<textarea>` by its end tag.
    ///
    /// ## Why
    ///
    /// Everything behind it belongs to it for every reader: its sections do not exist, and whatever
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
    let (span, message, help) = match cx.document.body.unclosed {
        Some(Unclosed::Comment(span)) => (
            span,
            "the comment that begins here has no end",
            "close it with `-->`",
        ),
        Some(Unclosed::Html(span)) => (
            span,
            "the HTML block that begins here has no end",
            "close it with its end tag, or put the text into a code fence",
        ),
        Some(Unclosed::Fence(_)) | None => return,
    };
    found.report(span, message, help);
}
