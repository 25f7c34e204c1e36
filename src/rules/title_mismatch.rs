use super::context::{Context, Findings, shown};
use super::rule::declare;
use crate::document::{Stamp, heading_text};

declare! {
    /// The heading and the frontmatter name different titles.
    ///
    /// ## What it checks
    ///
    /// The first heading of level 1 is `session.title`, with or without `Session:` before it. It
    /// may be compared with or without its markup; how many blanks there are does not matter.
    ///
    /// ## Why
    ///
    /// People read one, tools the other. Mostly the file was copied, or one of the two corrected.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ---
    /// session:
    ///   title: "Weather fallback"
    /// ---
    ///
    /// # Session: Currency rates
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
    "AS208", "title-mismatch", Sections, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some(heading) = cx.document.body.title() else {
        return;
    };
    // One that was meant as a section or a log entry is reported as that.
    if cx.config.is_required(&heading.title) || Stamp::parse(&heading.title).is_some() {
        return;
    }
    let Some((_, title)) = cx.text(&["session", "title"]) else {
        return;
    };
    let raw = heading.text_span.of(cx.document.text);
    let same = |text: &str, title: &str| words(text).eq(words(title));
    if words(raw).next().is_none()
        || same(raw, title)
        || same(&heading.title, title)
        || same(raw, &heading_text(title))
    {
        return;
    }
    found.report(
        cx.first_line(heading.span),
        format!("the heading is not the title `{}`", shown(title)),
        "make them the same: `agentsess set title \"…\"` writes both",
    );
}

/// The words of a title, without `Session:` before them.
pub(super) fn words(title: &str) -> impl Iterator<Item = &str> {
    let title = title.trim();
    let prefix = title
        .split_at_checked("session:".len())
        .filter(|(prefix, _)| prefix.eq_ignore_ascii_case("session:"));
    prefix.map_or(title, |(_, rest)| rest).split_whitespace()
}
