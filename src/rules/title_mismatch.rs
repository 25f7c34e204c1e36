use super::context::{Context, Findings, Safety, is_copyable, shown};
use super::rule::declare;
use super::stale_session::slug;
use crate::document::{Edit, Stamp, heading_text};

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
    ///
    /// ## Fix
    ///
    /// The heading becomes the title of the frontmatter, which is what tools show: unsafe, because the
    /// heading may be the one that was corrected.
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
        format!(
            "make them the same: `agentsess set title \"…\" -s {}` writes both",
            slug(cx)
        ),
    );
    if is_copyable(title) {
        let heading = cx.document.splice(&Edit::Title(title));
        found.fix(Safety::Unsafe, heading.ok().flatten());
    }
}

/// The words of a title, without `Session:` before them.
pub(super) fn words(mut title: &str) -> impl Iterator<Item = &str> {
    // A title that begins with the word has it twice in the heading that `new` writes.
    while let Some((prefix, rest)) = title.trim_start().split_at_checked("session:".len())
        && prefix.eq_ignore_ascii_case("session:")
    {
        title = rest;
    }
    title.split_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::document::{Source, insert, quoted};
    use crate::lint::{Settings, check};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_heading_that_the_tool_wrote_is_the_title(title in r"([ -~]|\PC|[Ss]ession: ?){1,20}") {
            let title = insert::line(&title);
            prop_assume!(words(&title).next().is_some());
            let (value, heading) = (quoted(&title), heading_text(&title));
            let text = format!("---\nsession:\n  title: {value}\n---\n\n# Session: {heading}\n");
            let source = Source::new(text.into_bytes());
            let (config, now) = (&Config::default(), chrono::DateTime::UNIX_EPOCH);
            let found = check("20251204-143000-a.md", &source, Settings::new(config, now));
            let title = found.iter().find(|finding| finding.rule.name.contains("title"));
            prop_assert!(title.is_none(), "{title:?}");
        }
    }
}
