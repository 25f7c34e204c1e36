//! Creates a session.

use std::fmt::Write as _;

use super::blocks::Blocks;
use super::write::{Entry, Revision};
use super::{Guard, Issue, Written, template};
use crate::document::schema::{CONTEXT, NEXT_STEPS};
use crate::document::time::{Timestamp, format_rfc3339};
use crate::document::{
    Document, Edit, Source, file_name, heading_text, insert, is_none, quoted, slugify,
};
use crate::error::{Error, Kind, Result};
use crate::git::Repository;
use crate::store::Store;

/// What a new session starts with.
#[derive(Debug, Default)]
pub struct Request<'r> {
    /// The title; without it, the first heading of `input`.
    pub title: Option<&'r str>,
    /// Markdown with leading text (the Context) and `##` blocks.
    pub input: Option<&'r str>,
    /// The Context.
    pub context: Option<&'r str>,
    /// Next steps, one each.
    pub next: &'r [String],
    /// The current task; without it, the first next step or the title.
    pub current: Option<&'r str>,
    /// The issue it belongs to.
    pub issue: Option<&'r str>,
    /// The template; `session` by default.
    pub template: Option<&'r str>,
    /// Who creates it.
    pub agent: &'r str,
    /// Write secrets as they are.
    pub allow_secret: bool,
}

/// Creates a session and returns its file name among the rest.
///
/// # Errors
///
/// When there is no title, the template is unknown, or the operating system refuses.
pub fn new(store: &Store, request: &Request, now: Timestamp) -> Result<Written> {
    let input = Blocks::parse(request.input.unwrap_or(""), request.title.is_none())?;
    if request.context.is_some() {
        input.exclude("--context", CONTEXT)?;
        if !input.lead.is_empty() {
            return Err(Error::usage(
                "the Context is given twice: with `--context` and as leading text of the input",
            )
            .hint("agentsess help new"));
        }
    }
    if !request.next.is_empty() {
        input.exclude("--next", NEXT_STEPS)?;
    }
    let title = insert::line(request.title.or(input.title.as_deref()).unwrap_or(""));
    if title.is_empty() {
        return Err(Error::usage("a session needs a title")
            .hint("agentsess new \"What this work is about\""));
    }
    let guard = Guard::new(request.allow_secret);
    let title = guard.text(&title);
    let bytes = draft(store, request, &input, &title, &guard, now)?;

    let slug = slugify(without_issue(&title, request.issue));
    let lock = store.lock()?;
    for attempt in 1..1000 {
        let name = file_name(now, &slug, attempt);
        match store.create(&lock, &name, &bytes) {
            Err(error) if error.kind == Kind::Ambiguous => {}
            Err(error) => return Err(error),
            Ok(()) => {
                let source = Source::new(bytes);
                let document = Document::parse(&source);
                return Ok(Written::new(&name, now, &document, &document, &guard));
            }
        }
    }
    Err(Error::usage(format!(
        "a thousand sessions `{slug}` were made in this second"
    ))
    .hint("wait a second, then run the command again"))
}

fn draft(
    store: &Store,
    request: &Request,
    input: &Blocks,
    title: &str,
    guard: &Guard,
    now: Timestamp,
) -> Result<Vec<u8>> {
    let name = template::DEFAULT;
    let body = template::render(request.template.unwrap_or(name), &heading_text(title))?;
    let next: Vec<_> = request.next.iter().map(|item| insert::line(item)).collect();
    let current = request.current.map(insert::line);
    let current = current.as_deref().or(next.first().map(String::as_str));
    let current = guard.text(current.unwrap_or(title));
    let frontmatter = frontmatter(store, request, title, &current, now);
    let source = Source::new(format!("{frontmatter}\n{body}").into_bytes());
    let document = Document::parse(&source);

    let context = request.context.unwrap_or(&input.lead);
    let steps = task_list(&next);
    let mut edits = Vec::new();
    if !context.trim().is_empty() {
        let section = CONTEXT;
        edits.push(Edit::Replace {
            section,
            text: context,
        });
    }
    if !next.is_empty() {
        let section = NEXT_STEPS;
        edits.push(Edit::Replace {
            section,
            text: &steps,
        });
    }
    edits.extend(input.edits());
    for section in &store.config.sections.required {
        if document.body.section(section).is_none() && !input.touches(section) {
            let text = "<!-- What belongs here. -->";
            edits.push(Edit::Replace { section, text });
        }
    }
    let entry = Entry {
        agent: request.agent,
        action: "new",
        text: "Session created.",
        is_work: true,
    };
    Revision::of_draft(store, &document, guard, now).apply(edits, Some(entry))
}

/// The title without the id of the session's own issue before it, which has no place in a name.
fn without_issue<'t>(title: &'t str, issue: Option<&str>) -> &'t str {
    let rest = issue.and_then(|issue| title.strip_prefix(issue));
    let rest = rest.map(|rest| rest.trim_start_matches([' ', ':', '-', '–', '—']));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(title)
}

/// The frontmatter block, both fences included.
fn frontmatter(
    store: &Store,
    request: &Request,
    title: &str,
    current: &str,
    now: Timestamp,
) -> String {
    let now = quoted(&format_rfc3339(now));
    let mut text = format!(
        "---\nsession:\n  title: {}\n  status: in_progress\n  created: {now}\n  last_updated: {now}\n",
        quoted(title),
    );
    let issue = request
        .issue
        .map(|issue| Issue::parse(issue, &store.config));
    for ([_, key], value) in issue.iter().flat_map(Issue::fields) {
        let _ = writeln!(text, "  {key}: {}", quoted(value));
    }
    if let Some(branch) = store.repository.as_ref().and_then(Repository::branch) {
        let _ = writeln!(text, "  branch: {}", quoted(&branch));
    }
    let _ = writeln!(
        text,
        "orchestration:\n  current_task: {}\n---",
        quoted(current)
    );
    text
}

/// Items as a task list. `None.` says that there is nothing to do and is no task.
pub(super) fn task_list(items: &[String]) -> String {
    if let [only] = items
        && is_none(only)
    {
        return insert::line(only);
    }
    let lines: Vec<_> = items
        .iter()
        .map(|item| format!("- [ ] {}", insert::line(item)))
        .collect();
    lines.join("\n")
}
