use super::context::{Context, Findings, Safety, is_copyable};
use super::rule::declare;
use super::title_mismatch::words;
use crate::document::{Document, Edit, Fences, Heading, Span, Splice, heading_text};

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
    ///
    /// ## Fix
    ///
    /// The title of the frontmatter is written as `# Session: …` above everything else, or into the
    /// heading that is empty. A heading of another level that says it is raised. All of it is safe.
    "AS207", "missing-title", Sections, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let document = cx.document;
    let title = cx.text(&["session", "title"]).map(|(_, title)| title);
    let title = title.filter(|title| is_copyable(title));
    let help = || match title {
        Some(title) => format!(
            "write `# Session: {}` above the first section",
            heading_text(title)
        ),
        None => "write `# Session: …` above the first section".into(),
    };
    if let Some(heading) = document.body.title() {
        let raw = heading.text_span.of(document.text);
        if words(raw).next().is_none() {
            found.report(cx.first_line(heading.span), "the title is empty", help());
            let filled = title.map(|title| document.splice(&Edit::Title(title)));
            found.fix(Safety::Safe, filled.and_then(Result::ok).flatten());
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
        found.fix(Safety::Safe, title.map(|title| titled(document, title)));
    }
}

/// Makes a title of the line that was meant as one, or writes one.
fn titled(document: &Document<'_>, title: &str) -> Splice {
    let text = document.text;
    let mut headings = document.body.headings.iter();
    let same = |heading: &&Heading| {
        let marked = heading.span.of(text).starts_with('#');
        marked && words(&heading.title).eq(words(title))
    };
    if let Some(heading) = headings.find(same) {
        let marks = heading
            .span
            .of(text)
            .bytes()
            .take_while(|&byte| byte == b'#');
        let marks = Span::new(heading.span.start, heading.span.start + marks.count());
        return (marks, "#".to_owned());
    }
    let at = document.frontmatter.span.end;
    let after = Span::new(at, text.len()).of(text);
    let first = after.trim_start();
    if first.starts_with("#Session:") {
        return (Span::at(text.len() - first.len() + 1), " ".to_owned());
    }
    let line_break = document.line_break();
    let is_line = Span::new(0, at).of(text).ends_with(['\n', '\r']);
    let open = if is_line { "" } else { line_break };
    let close = match after.chars().next() {
        None | Some('\n' | '\r') => "",
        Some(_) => line_break,
    };
    let title = heading_text(title);
    let heading = format!("{open}{line_break}# Session: {title}{line_break}{close}");
    (Span::at(at), heading)
}
