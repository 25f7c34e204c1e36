use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::schema::SECTIONS;

declare! {
    /// A section stands in the file twice.
    ///
    /// ## What it checks
    ///
    /// No required section, and no other one that the format knows, has more than one `##`
    /// heading. Sections of your own may repeat.
    ///
    /// ## Why
    ///
    /// Only the first one is read and written; what the second one says goes unnoticed.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ## Next Steps
    ///
    /// - Measure
    ///
    /// ## Next Steps
    ///
    /// - Switch over
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ## Next Steps
    ///
    /// - Measure
    /// - Switch over
    /// ```
    "AS203", "duplicate-section", Sections, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let document = cx.document;
    let required = cx.config.sections.required.iter().map(String::as_str);
    let optional = SECTIONS
        .into_iter()
        .filter(|name| !cx.config.is_required(name));
    for name in required.chain(optional) {
        let mut sections = document
            .body
            .sections_named(name)
            .filter_map(|(_, section)| document.body.heading(section));
        let Some(first) = sections.next() else {
            continue;
        };
        let mut line = None;
        for again in sections {
            let line = *line.get_or_insert_with(|| document.position(first.span.start).0);
            found.report(
                cx.first_line(again.span),
                format!("the section `{name}` is already there, on line {line}"),
                "move what it says into the first one: only that one is read",
            );
        }
    }
}
