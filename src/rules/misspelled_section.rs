use super::context::{Context, Findings, Safety, shown};
use super::rule::{Severity, declare};
use crate::document::Heading;
use crate::document::schema::{SECTIONS, is_slip, same_name};

declare! {
    /// A heading is nearly, but not quite, that of a section.
    ///
    /// ## What it checks
    ///
    /// When a required section is missing: whether its name stands at another level (`### Next
    /// Steps`), with a slip, in the singular or plural (`## Next Step`), both, or with something
    /// before or behind it (`## 2. Context`, `## Current State (Monday)`). When an optional section that
    /// the format knows is missing: only whether its name stands at level 1, or a `##` heading
    /// differs from it by a slip, which is a warning.
    ///
    /// ## Why
    ///
    /// People see the section, tools do not.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ### Next Step
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ## Next Steps
    /// ```
    ///
    /// ## Fix
    ///
    /// The heading becomes that of the section: safe, but unsafe where other words than the name would
    /// be lost.
    "AS202", "misspelled-section", Sections, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let required = cx.config.sections.required.iter().map(String::as_str);
    let optional = SECTIONS
        .into_iter()
        .filter(|name| !cx.config.is_required(name));
    for name in required.chain(optional) {
        if cx.document.body.section(name).is_some() {
            continue;
        }
        let Some(heading) = meant(cx, name) else {
            continue;
        };
        let severity = if cx.config.is_required(name) {
            Severity::Error
        } else {
            Severity::Warning
        };
        let title = shown(&heading.title);
        let message = if same_name(&heading.title, name) {
            format!(
                "`{title}` is a heading of level {}, not a section",
                heading.level
            )
        } else {
            format!("`{title}` is not the section `{name}`, which is missing")
        };
        found.report_as(
            severity,
            cx.first_line(heading.span),
            message,
            format!("write `## {name}`"),
        );
        // Words around the name may say something.
        let safety = if is_decorated(&heading.title, name) && !same_name(&heading.title, name) {
            Safety::Unsafe
        } else {
            Safety::Safe
        };
        found.fix(safety, [(heading.span, format!("## {name}"))]);
    }
}

/// The heading that was meant to be the section `name`, which the document does not have.
pub(super) fn meant<'a>(cx: &Context<'a>, name: &str) -> Option<&'a Heading<'a>> {
    let body = &cx.document.body;
    let required = cx.config.is_required(name);
    let title = body.title().map(|title| title.span);
    let mut headings = body.headings.iter();
    let elsewhere = headings.find(|heading| {
        let stray = match heading.level {
            2 => false,
            1 => required || title != Some(heading.span),
            _ => required,
        };
        stray && (same_name(&heading.title, name) || required && is_slip(&heading.title, name))
    });
    let sections = body.sections.iter();
    let sections = sections.filter(|section| required || section.may_be(name));
    let mut sections = sections.filter_map(|section| body.heading(section));
    elsewhere.or_else(|| {
        sections.find(|heading| {
            let title = heading.title.trim();
            (is_slip(title, name) || required && is_decorated(title, name)) && !is_known(cx, title)
        })
    })
}

fn is_known(cx: &Context<'_>, title: &str) -> bool {
    cx.config.is_required(title) || SECTIONS.iter().any(|name| same_name(name, title))
}

/// Whether `title` is the name with a number or sign before it, or words behind it.
fn is_decorated(title: &str, name: &str) -> bool {
    let title = title.trim_start_matches(|c: char| !c.is_alphabetic());
    title
        .split_at_checked(name.len())
        .is_some_and(|(start, rest)| {
            start.eq_ignore_ascii_case(name) && !rest.starts_with(char::is_alphanumeric)
        })
}
