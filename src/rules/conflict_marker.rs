use super::context::{Context, Findings};
use super::rule::declare;

declare! {
    /// A merge conflict was left in the file.
    ///
    /// ## What it checks
    ///
    /// No line outside of code begins with one of git's markers `<<<<<<< ` and `>>>>>>> `. A line
    /// `=======` alone is the underline of a heading and is not reported. While there is one, the
    /// rest of the file is two files in one, and of the other rules only those about safety and
    /// about the file as such are run.
    ///
    /// ## Why
    ///
    /// The file holds two states of the work, and each reader takes another one for true.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// <<<<<<< HEAD
    /// The fallback works.
    /// =======
    /// The fallback fails in staging.
    /// >>>>>>> feat/weather
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// The fallback works, but not in staging.
    /// ```
    "AS701", "conflict-marker", Safety, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some(marker) = cx.conflict else {
        return;
    };
    found.report(
        marker,
        "a merge conflict has not been resolved",
        "decide between the two sides, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`",
    );
}
