//! Takes a session over, and tells what changed since it was handed over.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::Written;
use super::brief::Brief;
use super::conversation::{Calling, bind_along};
use super::copies::{self, Relation};
use super::handoff::of_the_project;
use super::log::check_token;
use super::pause::set_status;
use super::write::{Entry, write};
use crate::document::time::{Timestamp, format_rfc3339, parse_rfc3339};
use crate::document::{Document, Edit, Scalar, Source, Status, insert, sha256};
use crate::error::{Error, Kind, Result};
use crate::git::Repository;
use crate::shell;
use crate::store::Store;

/// Commits that are named.
const SUBJECTS: usize = 5;

const TAKEN_BY: &[&str] = &["orchestration", "handoff", "taken_by"];

/// Who takes over.
#[derive(Debug)]
pub struct Request<'r> {
    /// Who.
    pub agent: &'r str,
    /// Whether that is a person, who may take what was handed to somebody else.
    pub person: bool,
    /// Even if somebody else has taken it, or a newer copy is elsewhere.
    pub take: bool,
    /// The conversation that goes on with it.
    pub calling: Option<Calling<'r>>,
}

/// A session that was taken over.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Resumed {
    /// What was written.
    #[serde(flatten)]
    pub written: Written,
    /// Where the work stands.
    pub brief: Brief,
    /// What changed since it was handed over.
    pub drift: Drift,
    /// Whether the same one had it already; nothing was written then.
    pub already: bool,
    /// Who had it before, if somebody did.
    pub taken_from: Option<String>,
}

/// What changed around a session since it was handed over.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub struct Drift {
    /// When it was handed over, RFC 3339.
    pub since: Option<String>,
    /// Seconds since then.
    pub age: Option<i64>,
    /// The branch it was handed over on, where another one is checked out now.
    pub other_branch: Option<String>,
    /// The commit it was handed over at.
    pub commit: Option<String>,
    /// How many commits came after that one; none if the repository does not have it.
    pub commits: Option<usize>,
    /// The last of them: short id and subject.
    pub subjects: Vec<String>,
    /// Files that differ from that commit, relative to the root, those not committed included.
    pub files: Vec<PathBuf>,
    /// The document that the session started from.
    pub document: Option<SourceDocument>,
}

/// How the document that a session started from is now.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct SourceDocument {
    /// Its path, relative to the root.
    pub path: String,
    /// Its state.
    pub state: SourceState,
}

/// The same, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// As it was.
    Unchanged,
    /// It says something else.
    Changed,
    /// It is gone, or no file of the project.
    Missing,
}

/// The one session that was handed over to this agent and that nobody has taken, where several
/// are not completed and neither the conversation nor this work tree uses one.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn handed_to(store: &Store, agent: &str, calling: Option<Calling>) -> Result<Option<String>> {
    let bound = calling.and_then(|calling| store.conversation(calling.id));
    if bound.is_some() || store.used().is_some() {
        return Ok(None);
    }
    let mut handed = store.candidates(&|document| {
        let to = document.waits_for();
        let own = to.is_some_and(|to| to.eq_ignore_ascii_case(agent));
        own && document.frontmatter.status() != Some(Status::Completed)
    })?;
    let one = handed.pop().filter(|_| handed.is_empty());
    Ok(one.map(|candidate| candidate.name))
}

/// Takes a session over: records who and when, and sets the status to `in_progress`.
///
/// # Errors
///
/// Of kind [`Kind::Unmet`] when somebody else has taken it since it was handed over, or it was
/// handed to another agent, another conversation is at work on it, or another work tree has a newer
/// copy; or when it is completed, git fails, or the file cannot be edited or written.
pub fn resume(store: &Store, name: &str, request: &Request, now: Timestamp) -> Result<Resumed> {
    check_token("agent", request.agent)?;
    let source = store.read(name)?;
    if !request.take {
        refuse_outdated(store, name, &Document::parse(&source))?;
    }
    if !request.take {
        refuse_busy(store, name, request, now)?;
    }
    let drift = drift(store, &Document::parse(&source), now)?;
    let agent = request.agent;
    let taken = format!("{agent} {}", format_rfc3339(now));
    let (mut already, mut taken_from, mut brief) = (false, None, None);
    let written = write(store, name, false, now, |revision| {
        revision.refuse_completed("entries")?;
        let document = revision.document;
        let handoff = document.handoff().unwrap_or_default();
        let holder = handoff.taken_by.as_deref();
        let other = handoff.holder_but(agent);
        let meant = handoff.to.as_deref();
        let meant = meant.filter(|to| holder.is_none() && !to.eq_ignore_ascii_case(agent));
        let refusal = match (other, meant) {
            (Some(other), _) => Some(handoff.held_by(other)),
            (None, Some(to)) if !request.person => {
                let at = handoff.at.iter().map(|at| format!(" at {at}"));
                let at: String = at.collect();
                Some(format!(
                    "this session was handed over to {to}{at}, not to {agent}"
                ))
            }
            _ => None,
        };
        if let Some(refusal) = refusal.filter(|_| !request.take) {
            let mut error = revision.error(refusal);
            error.kind = Kind::Unmet;
            return Err(error.hint(format!("agentsess resume {} --take", revision.selector())));
        }
        taken_from = other.map(str::to_owned);
        let paused = document.frontmatter.status() != Some(Status::InProgress);
        already = holder == Some(agent);
        store.own(name)?;
        if already && !paused {
            brief = Some(Brief::new(store, name, document, now));
            return Ok(None);
        }
        let from = handoff.from.as_deref();
        let mut text = match (other, already, from) {
            (Some(other), ..) => format!("Took over from {other}."),
            (None, false, Some(from)) => format!("Took over from {from}."),
            (None, false, None) => "Took it.".to_owned(),
            (None, true, _) => "Went on.".to_owned(),
        };
        if let Some(to) = meant {
            let _ = write!(text, " It was handed over to {}.", insert::line(to));
        }
        let entry = Entry {
            agent,
            action: "resumed",
            text: &text,
            is_work: false,
        };
        let mut edits = vec![set_status(Status::InProgress)];
        if !already {
            edits.push(Edit::Set {
                path: TAKEN_BY,
                value: Scalar::Text(&taken),
            });
        }
        let after = Source::new(revision.apply(edits, Some(entry))?);
        brief = Some(Brief::new(store, name, &Document::parse(&after), now));
        Ok(Some(after.into_bytes()))
    })?;
    if request.take {
        let caller = request.calling.map(|calling| calling.id);
        store.take_from(name, now, |other| Some(other.id.as_str()) != caller);
    }
    bind_along(store, request.calling, name, now)?;
    let brief = brief.ok_or_else(|| Error::usage("nothing was taken over"))?;
    Ok(Resumed {
        written,
        brief,
        drift,
        already,
        taken_from,
    })
}

/// Fails if another conversation is at work on it.
fn refuse_busy(store: &Store, name: &str, request: &Request, now: Timestamp) -> Result<()> {
    let caller = request.calling.map(|calling| calling.id);
    let mut others = store.at_work_elsewhere(name, caller, request.agent, now);
    let Some(other) = others.next() else {
        return Ok(());
    };
    let mut error = Error::new(Kind::Unmet, other.is_busy());
    error.details = vec!["--take goes on with it here; the other one loses it".to_owned()];
    Err(error.hint(format!("agentsess resume {} --take", store.selector(name))))
}

/// Fails if another work tree has a copy that knows more: what is written to this one, the other one
/// lacks.
fn refuse_outdated(store: &Store, name: &str, document: &Document) -> Result<()> {
    let Some((other, relation, at)) = copies::ahead(store, name, document) else {
        return Ok(());
    };
    let root = store.shown(&other.root).display().to_string();
    let at = at.map(|at| format!(", updated at {}", format_rfc3339(at)));
    let at = at.unwrap_or_default();
    let message = match relation {
        Relation::Diverged => format!("it and its copy in {root}{at}, went different ways"),
        _ => format!("a newer copy of this session is in {root}{at}"),
    };
    let mut error = Error::new(Kind::Unmet, message);
    error.details = vec!["--take goes on with this one all the same".to_owned()];
    let (root, selector) = (shell::word(&root), other.selector(name));
    Err(error
        .at(&store.shown(&store.path(name)), None)
        .hint(format!("agentsess -C {root} resume {selector}")))
}

fn drift(store: &Store, document: &Document, now: Timestamp) -> Result<Drift> {
    let mut drift = Drift {
        document: source_document(store, document),
        ..Drift::default()
    };
    let Some(handoff) = document.handoff() else {
        return Ok(drift);
    };
    let at = handoff.at.as_deref().and_then(parse_rfc3339);
    drift.age = at.map(|at| (now - at.at).num_seconds());
    drift.since = handoff.at;
    drift.commit = handoff.commit;
    let Some(repository) = &store.repository else {
        return Ok(drift);
    };
    let here = repository.branch();
    drift.other_branch = handoff
        .branch
        .filter(|branch| here.as_ref() != Some(branch));
    let Some(commit) = &drift.commit else {
        return Ok(drift);
    };
    if let Some(commits) = repository.commits_since(commit)? {
        drift.commits = Some(commits.len());
        drift.subjects = commits.into_iter().take(SUBJECTS).collect();
        drift.files = changed(store, repository, commit)?;
    }
    Ok(drift)
}

/// The files that differ from a commit, those that git does not know yet included.
fn changed(store: &Store, repository: &Repository, commit: &str) -> Result<Vec<PathBuf>> {
    let mut changed = repository.changed_since(commit)?;
    changed.extend(repository.changed(&[])?);
    changed.sort();
    changed.dedup();
    Ok(of_the_project(store, repository, changed.into_iter()).collect())
}

fn source_document(store: &Store, document: &Document) -> Option<SourceDocument> {
    let path = document.frontmatter.text(&["session", "source", "path"])?;
    let recorded = document
        .frontmatter
        .text(&["session", "source", "sha256"])?;
    let state = match store.read_source(&store.root.join(path)) {
        Err(_) => SourceState::Missing,
        Ok((_, bytes)) if sha256(&bytes).eq_ignore_ascii_case(recorded) => SourceState::Unchanged,
        Ok(_) => SourceState::Changed,
    };
    Some(SourceDocument {
        path: path.to_owned(),
        state,
    })
}
