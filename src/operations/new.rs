//! Creates a session.

use std::fmt::Write as _;

use super::blocks::Blocks;
use super::{Guard, Issue, Written, apply, planning, template, updated};
use crate::document::schema::{CONTEXT, CURRENT_STATE, NEXT_STEPS};
use crate::document::time::{Timestamp, format_rfc3339};
use crate::document::{
    Document, Edit, Scalar, Source, file_name, heading_text, insert, is_none, quoted, slugify,
    state_hash,
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
    /// The idea it plans.
    pub seed: Option<&'r str>,
    /// Leave the planning session that this work tree uses for the new one.
    pub switch: bool,
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
    let seed = request.seed.map(insert::line);
    if seed.as_deref() == Some("") {
        return Err(Error::usage("`--seed` is empty").hint("agentsess help new"));
    }
    let title = request.title.or(input.title.as_deref());
    let title = insert::line(title.or(seed.as_deref()).unwrap_or(""));
    if title.is_empty() {
        return Err(Error::usage("a session needs a title")
            .hint("agentsess new \"What this work is about\""));
    }
    let guard = Guard::new(request.allow_secret);
    let title = guard.text(&title);
    let bytes = draft(store, request, &input, &title, &guard, now)?;

    let slug = slugify(without_issue(&title, request.issue));
    let lock = store.lock()?;
    let switch = request.switch && request.seed.is_some();
    let left = if switch {
        planning::leave(store, &lock, None, now)?
    } else {
        None
    };
    for attempt in 1..1000 {
        let name = file_name(now, &slug, attempt);
        match store.create(&lock, &name, &bytes) {
            Err(error) if error.kind == Kind::Ambiguous => {}
            Err(error) => return Err(error),
            Ok(()) => {
                if switch {
                    store.use_session(&lock, Some(&name))?;
                }
                let source = Source::new(bytes);
                let document = Document::parse(&source);
                let written = Written::new(&name, now, &document, &document, &guard);
                return Ok(Written { left, ..written });
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
    edits.push(Edit::Log {
        at: now,
        agent: request.agent,
        action: "new",
        text: "Session created.",
    });
    let bytes = apply(store, "", &document, &edits, guard)?;
    record_state(store, "", bytes, input.touches(CURRENT_STATE), now)
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
    let _ = writeln!(text, "orchestration:\n  current_task: {}", quoted(current));
    if let Some(seed) = request.seed.map(insert::line) {
        let _ = writeln!(text, "planning:\n  root_seed: {}", quoted(&seed));
    }
    text.push_str("---\n");
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

/// Notes in the frontmatter when Current State was written, if it was, and what it was, so that a
/// state the log has left behind can be told from one that was mended by hand.
pub(super) fn record_state(
    store: &Store,
    name: &str,
    bytes: Vec<u8>,
    written: bool,
    now: Timestamp,
) -> Result<Vec<u8>> {
    if !written {
        return Ok(bytes);
    }
    let source = Source::new(bytes);
    let document = Document::parse(&source);
    let Some(state) = document.section_text(CURRENT_STATE) else {
        return Ok(source.into_bytes());
    };
    let recorded = format!("{} {}", updated(&document, now), state_hash(state));
    let edit = Edit::Set {
        path: &["session", "state_recorded"],
        value: Scalar::Text(&recorded),
    };
    apply(store, name, &document, &[edit], &Guard::default())
}
