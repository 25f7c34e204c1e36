//! Creates a session: from nothing but a title, from a document, or from the session it continues.

mod draft;
mod parent;

use std::path::Path;

use super::blocks::Blocks;
use super::conversation::{Calling, bind_along};
use super::source::Origin;
use super::{Guard, Written, planning};
use crate::document::schema::{CONTEXT, NEXT_STEPS};
use crate::document::time::Timestamp;
use crate::document::{Document, Source, file_name, insert, is_none, item_words, slugify};
use crate::error::{Error, Kind, Result};
use crate::store::Store;
use draft::draft;
use parent::Parent;

/// The command that begins with nothing but a title. What stands behind it in a hint goes in the
/// place of what was given for it.
pub const AGAIN: &str = "agentsess new \"What this work is about\"";

/// The title in it.
pub const TITLE: &str = "\"What this work is about\"";

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
    /// Values for the template's variables.
    pub vars: &'r [(String, String)],
    /// The document it starts from, as the user wrote its path.
    pub from: Option<&'r Path>,
    /// The session it continues, open or closed: what selects it.
    pub parent: Option<&'r str>,
    /// The idea it plans.
    pub seed: Option<&'r str>,
    /// Leave the planning session that this work tree uses for the new one.
    pub switch: bool,
    /// Who creates it.
    pub agent: &'r str,
    /// Write secrets as they are.
    pub allow_secret: bool,
    /// The conversation that is to work on it.
    pub calling: Option<Calling<'r>>,
}

/// What a session starts from, read.
struct Start {
    input: Blocks,
    parent: Option<Parent>,
    origin: Option<Origin>,
    seed: Option<String>,
}

impl Start {
    /// The title that was given, or the nearest thing to one.
    fn title(&self, given: Option<&str>) -> Option<String> {
        given
            .map(str::to_owned)
            .or_else(|| self.input.title.clone())
            .or_else(|| self.origin.as_ref()?.title())
            .or_else(|| self.parent.as_ref()?.title())
            .or_else(|| self.seed.clone())
    }
}

/// Creates a session and returns its file name among the rest.
///
/// # Errors
///
/// When there is no title, the template is unknown or makes no valid session, the document or the
/// parent cannot be read, or the operating system refuses. Nothing is made then.
pub fn new(store: &Store, request: &Request, now: Timestamp) -> Result<Written> {
    let mut input = Blocks::parse(request.input.unwrap_or(""), request.title.is_none())?;
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
    if request.next.iter().any(|item| item_words(item).is_empty()) {
        return Err(Error::usage("`--next` is empty").hint("agentsess help new"));
    }
    // Leading text is the Context, too: of two for one section, the second adds to the first.
    if let Some(block) = input.take(CONTEXT) {
        let parts = [
            input.lead.as_str(),
            block.trim_end().trim_start_matches('\n'),
        ];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        input.lead = parts.collect::<Vec<_>>().join("\n\n");
    }
    let parent = request.parent.map(|parent| Parent::read(store, parent));
    let parent = parent.transpose()?;
    let origin = request.from.map(|path| Origin::read(store, path));
    let origin = origin.transpose()?;
    let seed = request.seed.map(insert::line);
    if seed.as_deref() == Some("") {
        return Err(Error::usage("`--seed` is empty").hint("agentsess help new"));
    }
    let start = Start {
        input,
        parent,
        origin,
        seed,
    };
    let title = insert::line(&start.title(request.title).unwrap_or_default());
    if title.is_empty() {
        return Err(Error::usage("a session needs a title").hint(AGAIN));
    }
    let guard = Guard::new(request.allow_secret);
    let title = guard.text(&title);
    let bytes = draft(store, request, &start, &title, &guard, now)?;

    let slug = slugify(without_issue(&title, request.issue));
    let lock = store.lock()?;
    if let Some(origin) = &start.origin {
        origin.keep(store, &lock)?;
    }
    let switch = request.switch && request.seed.is_some();
    // Who works on a session of their own leaves that one, and not what others use here.
    let bound = request
        .calling
        .and_then(|calling| store.conversation(calling.id));
    let is_bound = bound.is_some();
    let left = if switch {
        let used = bound.map(|bound| bound.session).or_else(|| store.used());
        planning::leave(store, &lock, used, None, now)?
    } else {
        None
    };
    for attempt in 1..1000 {
        let name = file_name(now, &slug, attempt);
        if store.path(&name).symlink_metadata().is_err() {
            store.own(&name)?;
        }
        match store.create(&lock, &name, &bytes) {
            Err(error) if error.kind == Kind::Ambiguous => {}
            Err(error) => return Err(error),
            Ok(()) => {
                if switch && !is_bound {
                    store.use_session(&lock, Some(&name))?;
                }
                bind_along(store, request.calling, &name, now)?;
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

/// The title without the id of the session's own issue before it, which has no place in a name.
fn without_issue<'t>(title: &'t str, issue: Option<&str>) -> &'t str {
    let rest = issue.and_then(|issue| title.strip_prefix(issue));
    let rest = rest.map(|rest| rest.trim_start_matches([' ', ':', '-', '–', '—']));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(title)
}

/// Items as a task list. `None.` says that there is nothing to do and is no task.
pub(super) fn task_list(items: &[String]) -> String {
    let items: Vec<_> = items.iter().map(|item| item_words(item)).collect();
    if let [only] = items.as_slice()
        && is_none(only)
    {
        return only.clone();
    }
    format!("- [ ] {}", items.join("\n- [ ] "))
}
