use super::context::{Context, Findings, shown};
use super::rule::declare;

declare! {
    /// A key is given twice.
    ///
    /// ## What it checks
    ///
    /// No map in the frontmatter has the same key more than once.
    ///
    /// ## Why
    ///
    /// Some readers take the first value, some the last, some refuse the file. It is also what a
    /// careless merge leaves behind.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   status: in_progress
    ///   status: paused
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   status: paused
    /// ```
    "AS104", "duplicate-key", Frontmatter, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    if !cx.has_frontmatter() {
        return;
    }
    for &key in &cx.document.frontmatter.duplicates {
        found.report(
            key,
            format!(
                "the key `{}` is given more than once",
                shown(key.of(cx.document.text))
            ),
            "keep the line that holds and remove the other: readers disagree on which one counts",
        );
    }
}
