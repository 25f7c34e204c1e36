//! Hands a session over, once somebody else can go on with it.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::Written;
use super::brief::Brief;
use super::done::Ticks;
use super::log::check_token;
use super::new::task_list;
use super::pause::set_status;
use super::runs::refuse_running;
use super::steps::Steps;
use super::write::{Entry, Revision, write};
use crate::document::schema::{CURRENT_STATE, FILES_MODIFIED, NEXT_STEPS};
use crate::document::time::{Timestamp, format_rfc3339};
use crate::document::{
    Document, Edit, Scalar, Source, Span, Status, Verbatim, insert, is_placeholder, is_token,
    item_words, line_column, named_path, next_line,
};
use crate::error::{Error, Kind, Result};
use crate::git::Repository;
use crate::lint::{self, Severity};
use crate::shell;
use crate::store::{SESSIONS, Store};

/// Stands for words in a command that is shown; as a Current State it is a placeholder and refused.
const BLANK: &str = "…";

/// Paths that an entry of the log names.
const NAMED: usize = 20;

/// What to hand over with.
#[derive(Debug, Default)]
pub struct Request<'r> {
    /// Who gives the work away.
    pub agent: &'r str,
    /// Who is to take it.
    pub to: Option<&'r str>,
    /// The new Current State.
    pub state: Option<&'r str>,
    /// The new Next Steps.
    pub next: &'r [String],
    /// Let no open step stay that is not among the new ones.
    pub replace: bool,
    /// What the log says besides.
    pub message: Option<&'r str>,
    /// Even if somebody else has it.
    pub take: bool,
    /// The run as which somebody calls, which may be running.
    pub run: Option<&'r str>,
    /// Write secrets as they are.
    pub allow_secret: bool,
}

/// A session that was handed over.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct HandedOver {
    /// What was written.
    #[serde(flatten)]
    pub written: Written,
    /// What the next one starts with.
    pub brief: Brief,
    /// Files with changes that are not committed, relative to the root.
    pub uncommitted: Vec<PathBuf>,
    /// Those of them that Files Modified does not name.
    pub unlisted: Vec<PathBuf>,
    /// The command with which the next one takes over.
    pub resume: String,
    /// Who had it, if that was somebody else.
    pub taken_from: Option<String>,
}

/// Hands a session over: brings Current State and Next Steps up to date, records who, to whom, when
/// and at which commit, and sets the status to `paused`.
///
/// # Errors
///
/// Of kind [`Kind::Unmet`], with the reasons, while nobody could go on with the session, somebody
/// else has it, or an agent runs on it; or when it is completed, git fails, or the file cannot be edited or written. Nothing is changed then.
pub fn handoff(store: &Store, name: &str, request: &Request, now: Timestamp) -> Result<HandedOver> {
    refuse_blanks(store, name, request)?;
    refuse_running(store, name, request.run)?;
    let repository = store.repository.as_ref();
    let branch = repository.and_then(Repository::branch);
    let commit = repository.and_then(Repository::head);
    let uncommitted = uncommitted(store)?;
    let to = request.to.map(insert::line);
    let given = (!request.next.is_empty()).then(|| task_list(request.next));
    let at = format_rfc3339(now);
    let text = entry(request, branch.as_deref(), commit.as_deref(), &uncommitted);
    let fields = [
        ("from", Some(request.agent)),
        ("to", to.as_deref()),
        ("at", Some(at.as_str())),
        ("branch", branch.as_deref()),
        ("commit", commit.as_deref()),
        ("taken_by", None),
    ];
    let paths = fields.map(|(key, value)| (["orchestration", "handoff", key], value));

    let mut outcome = None;
    let written = write(store, name, request.allow_secret, now, |revision| {
        let taken_from = other_holder(revision, request)?;
        let ticks = Ticks::default();
        let steps = given.as_deref();
        let steps = steps.map(|given| Steps::new(revision, given, &ticks, request.replace));
        let mut edits = Vec::new();
        if let Some(text) = request.state {
            let section = CURRENT_STATE;
            edits.push(Edit::Replace { section, text });
        }
        if let Some(Steps { text, .. }) = &steps {
            let section = NEXT_STEPS;
            edits.push(Edit::Replace { section, text });
        }
        edits.push(set_status(Status::Paused));
        edits.extend(paths.iter().map(|(path, value)| match value {
            Some(value) => Edit::Set {
                path,
                value: Scalar::Text(value),
            },
            None => Edit::Remove { path },
        }));
        let mut told = text.clone();
        if let Some(holder) = &taken_from {
            let _ = write!(told, " {holder} had it.");
        }
        let entry = Entry {
            agent: request.agent,
            action: "handoff",
            text: &told,
            is_work: false,
        };
        let mut bytes = revision.apply(edits, Some(entry))?;
        let moved = ticks.move_on(revision, &mut bytes)?;
        let source = Source::new(bytes);
        let document = Document::parse(&source);
        ready(revision, &document, &source, request)?;
        outcome = Some((
            Brief::new(store, name, &document, now),
            unlisted(&document, &uncommitted),
            steps.map_or(Vec::new(), |steps| steps.kept),
            moved,
            taken_from,
        ));
        drop(document);
        Ok(Some(source.into_bytes()))
    })?;
    store.unbind(name, |_| true);
    let Some((brief, unlisted, kept_steps, current_task, taken_from)) = outcome else {
        return Err(Error::usage("nothing was handed over"));
    };
    Ok(HandedOver {
        resume: format!("agentsess resume {}", store.selector(name)),
        written: Written {
            kept_steps,
            current_task,
            ..written
        },
        brief,
        uncommitted,
        unlisted,
        taken_from,
    })
}

/// Who else has the session; fails unless it may be handed over all the same.
fn other_holder(revision: &Revision, request: &Request) -> Result<Option<String>> {
    let handoff = revision.document.handoff().unwrap_or_default();
    let Some(holder) = handoff.holder_but(request.agent) else {
        return Ok(None);
    };
    if request.take {
        return Ok(Some(holder.to_owned()));
    }
    let mut error = revision.error(handoff.held_by(holder));
    error.kind = Kind::Unmet;
    let options = options(request, request.state, request.next);
    let slug = revision.selector();
    Err(error.hint(format!("agentsess handoff {slug}{options} --take")))
}

fn refuse_blanks(store: &Store, name: &str, request: &Request) -> Result<()> {
    check_token("agent", request.agent)?;
    let given = [("--to", request.to), ("--state", request.state)];
    let given = given
        .into_iter()
        .filter_map(|(option, text)| Some((option, text?.to_owned())));
    let steps = request.next.iter();
    let steps = steps.map(|step| ("--next", item_words(step)));
    let blank = given.chain(steps).find(|(_, text)| text.trim().is_empty());
    if let Some((option, _)) = blank {
        let error = Error::usage(format!("`{option}` is empty; nothing was changed"));
        return Err(error.hint(format!("agentsess show {}", store.selector(name))));
    }
    match request.to.map(insert::line) {
        Some(to) if !is_token(&to) => Err(Error::usage(format!(
            "`{to}` cannot be who is to take it; only letters, digits and `._-` name an agent"
        ))
        .hint("agentsess help handoff")),
        _ => Ok(()),
    }
}

/// What the log says: the message, to whom, where the work stands and what is not committed.
fn entry(
    request: &Request,
    branch: Option<&str>,
    commit: Option<&str>,
    uncommitted: &[PathBuf],
) -> String {
    let mut text = String::new();
    if let Some(message) = request
        .message
        .map(str::trim)
        .filter(|text| !text.is_empty())
    {
        let _ = write!(text, "{message}\n\n");
    }
    text.push_str("Handed over");
    if let Some(to) = request.to {
        let _ = write!(text, " to {}", insert::line(to));
    }
    if let Some(commit) = commit {
        let _ = write!(text, " at {}", commit.get(..12).unwrap_or(commit));
    }
    if let Some(branch) = branch {
        let _ = write!(text, " on {branch}");
    }
    text.push('.');
    if !uncommitted.is_empty() {
        let paths = uncommitted.iter().take(NAMED);
        let paths: Vec<_> = paths
            .map(|path| insert::line(&path.to_string_lossy()))
            .collect();
        let _ = write!(text, " Not committed: `{}`", paths.join("`, `"));
        if uncommitted.len() > NAMED {
            let _ = write!(text, " and {} more", uncommitted.len() - NAMED);
        }
        text.push('.');
    }
    text
}

/// The files below the root with changes that are not committed, `.agents` aside.
fn uncommitted(store: &Store) -> Result<Vec<PathBuf>> {
    let Some(repository) = &store.repository else {
        return Ok(Vec::new());
    };
    let changed = repository.changed(&[])?.into_iter();
    Ok(of_the_project(store, repository, changed).collect())
}

/// Paths relative to the top of a repository, as they are seen from the root; those that are not
/// below it, and the tool's own, are left out.
pub(super) fn of_the_project(
    store: &Store,
    repository: &Repository,
    paths: impl Iterator<Item = PathBuf>,
) -> impl Iterator<Item = PathBuf> {
    let own = SESSIONS.split('/').next().unwrap_or(SESSIONS);
    paths.filter_map(move |path| {
        let path = repository.top.join(path);
        let within = path.strip_prefix(&store.root).ok()?;
        let project = !within.starts_with(own) && !path.starts_with(&store.sessions);
        project.then(|| within.to_owned())
    })
}

/// The paths that Files Modified names neither themselves nor by a folder.
fn unlisted(document: &Document, paths: &[PathBuf]) -> Vec<PathBuf> {
    let items = document.body.items_in(FILES_MODIFIED);
    let listed: Vec<_> = items
        .map(|(_, item)| named_path(item.text.of(document.text)))
        .filter(|path| !path.is_empty())
        .collect();
    let is_listed = |path: &PathBuf| listed.iter().any(|listed| path.starts_with(listed));
    paths
        .iter()
        .filter(|path| !is_listed(path))
        .cloned()
        .collect()
}

/// Fails, with every reason, unless somebody else could go on from this.
fn ready(
    revision: &Revision,
    document: &Document,
    source: &Source,
    request: &Request,
) -> Result<()> {
    let config = &revision.store.config;
    let own = [CURRENT_STATE, NEXT_STEPS];
    let required: Vec<_> = config
        .sections
        .required
        .iter()
        .map(String::as_str)
        .collect();
    let besides = own.iter().filter(|name| !required.contains(name));
    let lacking = required
        .iter()
        .chain(besides)
        .copied()
        .filter_map(|section| Some((section, lacks(document, section)?)));
    let lacking: Vec<_> = lacking.collect();
    let mut reasons: Vec<_> = lacking.iter().map(|(_, reason)| reason.clone()).collect();
    let behind = document.is_behind();
    if behind {
        reasons.push(format!(
            "`{CURRENT_STATE}` is behind: the log went on after it was written"
        ));
    }
    let known = |finding: &lint::Finding| {
        lacking.iter().any(|(section, _)| {
            let found = document.body.section(section);
            let within = found.is_some_and(|(_, found)| found.body.contains(finding.span));
            within || finding.message.contains(&format!("`{section}`"))
        })
    };
    let settings = lint::Settings::new(config, revision.now);
    let path = revision.store.shown(&revision.store.path(revision.name));
    let mut by_hand = false;
    // Its name keeps nobody from going on, and neither an option nor an editor changes it.
    for finding in lint::check("", source, settings) {
        if finding.severity != Severity::Error || known(&finding) {
            continue;
        }
        let (line, column) = line_column(document.text, finding.span.start);
        let (path, message) = (path.display(), &finding.message);
        reasons.push(format!("{path}:{line}:{column}: {message}"));
        by_hand = true;
    }
    if reasons.is_empty() {
        return Ok(());
    }
    let slug = revision.selector();
    let mut command = String::new();
    if by_hand {
        let _ = write!(command, "agentsess edit {slug} && ");
    }
    let is_lacking = |name| lacking.iter().any(|(section, _)| *section == name);
    let others = lacking.iter().filter(|(section, _)| !own.contains(section));
    let blocks = others.fold(String::new(), |blocks, (section, _)| {
        blocks + &format!("## {section}\\n{BLANK}\\n")
    });
    if !blocks.is_empty() {
        let blocks = shell::word(&blocks);
        let _ = write!(command, "printf {blocks} | agentsess log - -s {slug} && ");
    }
    let _ = write!(command, "agentsess handoff {slug}");
    let blank = [BLANK.to_owned()];
    let given = request.state.filter(|_| !is_lacking(CURRENT_STATE));
    let state = given.or((is_lacking(CURRENT_STATE) || behind).then_some(BLANK));
    let next = if is_lacking(NEXT_STEPS) {
        &blank
    } else {
        request.next
    };
    command += &options(request, state, next);
    let mut error = Error::new(
        Kind::Unmet,
        format!("`{slug}` is not ready to be handed over; nothing was changed"),
    );
    error.details = reasons;
    Err(error.hint(command))
}

/// The options of a command that asks for the same, with this state and these steps.
fn options(request: &Request, state: Option<&str>, next: &[String]) -> String {
    let given = [
        ("--to", request.to),
        ("--message", request.message),
        ("--replace", request.replace.then_some("")),
        ("--allow-secret", request.allow_secret.then_some("")),
    ];
    let state = state.map(|text| ("--state", text));
    let steps = next.iter().map(|step| ("--next", step.as_str()));
    let given = given
        .into_iter()
        .filter_map(|(option, text)| Some((option, text?)));
    let given = state.into_iter().chain(steps).chain(given);
    given.fold(String::new(), |command, (option, text)| match text {
        "" => format!("{command} {option}"),
        BLANK => format!("{command} {option} \"{BLANK}\""),
        text => format!("{command} {option} {}", shell::word(text)),
    })
}

/// What a section is missing for somebody to go on from it.
fn lacks(document: &Document, section: &str) -> Option<String> {
    let Some((_, found)) = document.body.section(section) else {
        return Some(format!("`{section}` is missing"));
    };
    if document.section_text(section).is_none() {
        return Some(format!("`{section}` says nothing"));
    }
    let mut at = found.body.start;
    while at < found.body.end {
        let line = Span::new(at, next_line(document.text, at).min(found.body.end));
        at = line.end.max(at + 1);
        let verbatim = document.body.verbatim_at(line.start);
        let own = !matches!(verbatim, Some(Verbatim::Code | Verbatim::Quote));
        if let Some(words) = is_placeholder(line.of(document.text)).filter(|_| own) {
            let words = insert::line(words);
            return Some(format!("`{section}` still has the placeholder `{words}`"));
        }
    }
    None
}
