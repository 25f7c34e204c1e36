use super::context::{Context, Findings, Phase, shown};
use super::rule::declare;
use crate::document::Fill;

declare! {
    /// A required section says nothing.
    ///
    /// ## What it checks
    ///
    /// There is something below the heading of each required section: text, a list, a table, a
    /// subheading. `None.` is enough. While the session is `in_progress`, a comment such as
    /// templates leave is accepted; once it is `paused` or `completed`, it is not. Other sections
    /// may be empty.
    ///
    /// ## Why
    ///
    /// A heading without content looks like an answer and is none.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ## Next Steps
    ///
    /// ## Session Log
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ## Next Steps
    ///
    /// - Switch over when the first provider fails twice
    ///
    /// ## Session Log
    /// ```
    "AS204", "empty-section", Sections, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let body = &cx.document.body;
    for name in &cx.config.sections.required {
        let Some((index, section)) = body.section(name) else {
            continue;
        };
        let Some(heading) = body.heading(section) else {
            continue;
        };
        let message = match (section.fill, cx.phase) {
            (Fill::Filled, _) | (Fill::Placeholder, Phase::Draft) => continue,
            (Fill::Empty, _) => format!("the section `{name}` is empty"),
            (Fill::Placeholder, phase) => format!(
                "the section `{name}` holds nothing but a comment, but the session is {}",
                match phase {
                    Phase::Completed => "completed",
                    _ => "paused",
                }
            ),
        };
        // A rule directly below the text of a section makes a heading of that text.
        let next = body
            .sections
            .get(index + 1)
            .and_then(|next| body.heading(next));
        let underlined = next.filter(|next| !next.span.of(cx.document.text).starts_with('#'));
        let help = match underlined {
            Some(text) => format!(
                "the line below `{}` makes a heading of it; put a blank line between the two",
                shown(&text.title)
            ),
            None => "write something below it; `None.` if there is nothing to say".to_owned(),
        };
        found.report(cx.first_line(heading.span), message, help);
    }
}
