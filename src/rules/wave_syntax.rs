use super::context::{Context, Findings, shown};
use super::rule::declare;
use crate::document::WaveDefect;

declare! {
    /// The heading of a wave does not have the form `Wave N: Name (STATE)`.
    ///
    /// ## What it checks
    ///
    /// A `###` heading in Execution Progress that is meant as a wave, going by its first word, is
    /// `Wave`, a number, a colon, a name and, if anything is to be said of its state, `(ACTIVE)`,
    /// `(blocked by Wave M)` or `(DONE)` in this spelling. Other headings, and other remarks in
    /// parentheses, are free.
    ///
    /// ## Why
    ///
    /// Tools find the wave that is being worked on by these words.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ### Wave 2 - Delivery (active)
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ### Wave 2: Delivery (ACTIVE)
    /// ```
    "AS401", "wave-syntax", Progress, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    for (index, wave) in cx.document.waves() {
        let (Err(defect), Some(heading)) = (wave, cx.document.body.headings.get(index)) else {
            continue;
        };
        let title = shown(&heading.title);
        let (message, help) = match defect {
            WaveDefect::Word => (
                format!("`{title}` does not begin with the plain word `Wave`"),
                "write `### Wave N: Name`, the state behind it in parentheses",
            ),
            WaveDefect::Number => (
                format!("the wave `{title}` does not go on with a blank and a whole number"),
                "write `### Wave N: Name`",
            ),
            WaveDefect::Colon => (
                format!("the wave `{title}` has no `: ` behind its number"),
                "write `### Wave N: Name`",
            ),
            WaveDefect::Name => (
                format!("the wave `{title}` has no name"),
                "write `### Wave N: Name`",
            ),
            WaveDefect::State => (
                format!("the state of the wave `{title}` is not spelled as tools read it"),
                "write `(ACTIVE)`, `(blocked by Wave N)` or `(DONE)`, or nothing",
            ),
        };
        found.report(cx.first_line(heading.span), message, help);
    }
}
