use std::sync::LazyLock;

use memchr::memmem;

use super::context::{Context, Findings, shown};
use super::project::Project;
use super::rule::declare;
use crate::document::{SessionName, Span, Verbatim};

declare! {
    /// A link leads to a session that does not exist.
    ///
    /// ## What it checks
    ///
    /// The session that `session.parent` names, and every session that is the target of a Markdown
    /// link, is in the sessions folder. Names that are merely mentioned are passed over.
    ///
    /// ## Why
    ///
    /// The session was closed, or the name has a slip; in either case its reader looks for
    /// knowledge in a place where it is not.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// See [the outage](20251203-090000-outage.md).
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// See [the outage](../../docs/outages.md).
    /// ```
    "AS602", "dead-session-link", References, Warning, check
}

static ENDING: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(".md"));

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some(project) = cx.project else { return };
    if let Some((span, parent)) = cx.text(&["session", "parent"]) {
        let stem = parent.strip_suffix(".md").unwrap_or(parent);
        report(project, stem, span, found);
    }
    let text = cx.document.text;
    let body = &cx.document.body;
    let start = body.span.start;
    for end in ENDING.find_iter(body.span.of(text).as_bytes()) {
        let end = start + end;
        let Some((target, stem)) = link(text, end) else {
            continue;
        };
        if body.verbatim_at(target.start) != Some(Verbatim::Code) {
            report(project, stem, target, found);
        }
    }
}

fn report(project: &Project<'_>, stem: &str, place: Span, found: &mut Findings<'_>) {
    let name = format!("{stem}.md");
    if SessionName::parse(&name).is_some() && !project.has_session(&name) {
        found.report(
            place,
            format!("there is no session {}", shown(stem)),
            "name what its knowledge was moved to; `agentsess restore` lists closed sessions",
        );
    }
}

/// The target of the link that ends with the `.md` at `end`, and the stem of the file it names.
fn link(text: &str, end: usize) -> Option<(Span, &str)> {
    let before = text.get(..end)?;
    let start = before.rfind(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<'))?;
    let (opening, target) = before.split_at_checked(start + 1)?;
    let opening = opening.strip_suffix('<').unwrap_or(opening);
    let (_, stem) = target.rsplit_once('/').unwrap_or(("", target));
    let remote = target.contains("://");
    (opening.ends_with("](") && !remote).then(|| (Span::new(start + 1, end + 3), stem))
}
