use super::context::{Context, Findings};
use super::misspelled_section;
use super::rule::declare;
use crate::document::schema::{CONTEXT, CURRENT_STATE, NEXT_STEPS, same_name};
use crate::document::{Fences, Span};

declare! {
    /// A required section is missing.
    ///
    /// ## What it checks
    ///
    /// The file has a `##` heading for each required section: Context, Current State and Next
    /// Steps, or those that `sections.required` in the configuration names. Letter case and a
    /// trailing colon do not matter. A heading inside a code fence, comment, list or quote is not
    /// a section.
    ///
    /// ## Why
    ///
    /// These are what whoever takes over needs in order to go on: why, where it stands, what next.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ## Context
    ///
    /// The provider is down every night.
    ///
    /// ## Current State
    ///
    /// The second provider answers in tests.
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ## Context
    ///
    /// The provider is down every night.
    ///
    /// ## Current State
    ///
    /// The second provider answers in tests.
    ///
    /// ## Next Steps
    ///
    /// - Switch over when the first one fails twice
    /// ```
    "AS201", "missing-section", Sections, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let body = &cx.document.body;
    // Without an end of the frontmatter the whole file may have been taken for it.
    let frontmatter = &cx.document.frontmatter;
    let swallowed = frontmatter.fences == Fences::Unclosed && body.headings.is_empty();
    // Of an empty file it has been said that it is empty.
    if swallowed || frontmatter.fences == Fences::Missing && cx.document.text.trim().is_empty() {
        return;
    }
    let required = &cx.config.sections.required;
    for (index, name) in required.iter().enumerate() {
        let repeated = required
            .iter()
            .take(index)
            .any(|other| same_name(other, name));
        if repeated
            || body.section(name).is_some()
            || misspelled_section::meant(cx, name).is_some()
            || is_hidden(cx, name)
        {
            continue;
        }
        if let Some(line) = unspaced(cx, name) {
            found.report(
                line,
                format!("the section `{name}` is missing: this line is no heading"),
                format!("put a space behind the hashes: `## {name}`"),
            );
            continue;
        }
        let title = body.title().map_or(Span::at(0), |title| title.span);
        found.report(
            cx.first_line(title),
            format!("the section `{name}` is missing"),
            help(name),
        );
    }
}

/// The line that was meant as the heading but has no space behind its hashes.
fn unspaced(cx: &Context<'_>, name: &str) -> Option<Span> {
    let body = cx.document.body.span;
    let mut start = body.start;
    for line in body.of(cx.document.text).split_inclusive('\n') {
        let meant = line
            .strip_prefix("##")
            .filter(|rest| !rest.starts_with(['#', ' ', '\t']));
        if meant.is_some_and(|rest| same_name(rest.trim(), name)) {
            return Some(Span::new(start, start + line.trim_end().len()));
        }
        start += line.len();
    }
    None
}

fn help(name: &str) -> String {
    let content = if same_name(name, CONTEXT) {
        ": why this work is done"
    } else if same_name(name, CURRENT_STATE) {
        ": where the work stands, so that anyone can go on"
    } else if same_name(name, NEXT_STEPS) {
        ": a list of what to do next, or `None.`"
    } else {
        ""
    };
    format!("add `## {name}`{content}")
}

/// Whether an open fence or comment, which is reported, has swallowed the section.
fn is_hidden(cx: &Context<'_>, name: &str) -> bool {
    let text = cx.document.text;
    cx.document.body.unclosed.is_some_and(|unclosed| {
        let swallowed = Span::new(unclosed.span().start, text.len()).of(text);
        let mut headings = swallowed
            .lines()
            .filter_map(|line| line.strip_prefix("## "));
        headings.any(|title| same_name(title.trim_end_matches('#'), name))
    })
}
