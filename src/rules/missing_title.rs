use super::context::{Context, Findings};
use super::rule::declare;
use super::title_mismatch::words;
use crate::document::{Fences, Span};

declare! {
    /// The body has no title.
    ///
    /// ## What it checks
    ///
    /// There is a heading of level 1, and it says something: `# Session: Weather fallback`.
    ///
    /// ## Why
    ///
    /// Wherever the file is rendered or opened, this is what says which work it is about.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ## Context
    ///
    /// The provider is down every night.
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// # Session: Weather fallback
    ///
    /// ## Context
    ///
    /// The provider is down every night.
    /// ```
    "AS207", "missing-title", Sections, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let document = cx.document;
    let help = || match cx.text(&["session", "title"]) {
        Some((_, title)) if !title.contains(['\n', '\r']) => {
            let title = crate::document::heading_text(title);
            format!("write `# Session: {title}` above the first section")
        }
        _ => "write `# Session: …` above the first section".into(),
    };
    if let Some(heading) = document.body.title() {
        let raw = heading.text_span.of(document.text);
        if words(raw).next().is_none() {
            found.report(cx.first_line(heading.span), "the title is empty", help());
        }
        return;
    }
    let hidden = document.body.unclosed.is_some_and(|unclosed| {
        let swallowed = Span::new(unclosed.span().start, document.text.len());
        let mut lines = swallowed.of(document.text).lines();
        lines.any(|line| line.starts_with("# "))
    });
    // Without an end of the frontmatter the title may have been taken for a part of it; of an
    // empty file it has been said that it is empty.
    let doubtful = match document.frontmatter.fences {
        Fences::Closed => false,
        Fences::Missing => document.text.trim().is_empty(),
        Fences::Unclosed => document.body.headings.is_empty(),
        Fences::TooLong => true,
    };
    if !hidden && !doubtful {
        let message = "the title `# Session: …` is missing";
        found.report(Span::at(0), message, help());
    }
}
