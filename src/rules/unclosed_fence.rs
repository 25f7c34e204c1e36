use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::Unclosed;

declare! {
    /// A code fence has no end.
    ///
    /// ## What it checks
    ///
    /// The last code fence of the file is closed by a line of at least as many of the same
    /// characters.
    ///
    /// ## Why
    ///
    /// Everything behind it is code to every reader: its sections do not exist, and whatever is
    /// appended to the file disappears in it.
    ///
    /// ## Example
    ///
    /// ````markdown
    /// ```sh
    /// make test
    ///
    /// ## Next Steps
    /// ````
    ///
    /// ## Instead
    ///
    /// ````markdown
    /// ```sh
    /// make test
    /// ```
    ///
    /// ## Next Steps
    /// ````
    "AS205", "unclosed-fence", Sections, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some(Unclosed::Fence(span)) = cx.document.body.unclosed else {
        return;
    };
    let line = span.of(cx.document.text);
    let mark = line.chars().next().unwrap_or('`');
    let fence = line.chars().take_while(|&c| c == mark);
    found.report(
        span,
        "the code fence that begins here has no end",
        format!("close it with a line {}", fence.collect::<String>()),
    );
}
