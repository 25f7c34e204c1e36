//! Which session a command means.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Component, Path};

use log::debug;

use super::{Store, Trashed, is_session_name};
use crate::document::time::Timestamp;
use crate::document::{Document, SessionName, Source, Status, slug_of, stem_of};
use crate::error::{Error, Kind, Result};
use crate::shell;

/// What a session is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be looked at.
    Read,
    /// To be written to.
    Write,
    /// To be closed: where none is active, the only completed one is meant.
    Close,
}

/// Candidates that an error names.
const SHOWN: usize = 10;

/// Who asks, as far as that decides which session is meant.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'c> {
    /// The agent.
    pub agent: Option<&'c str>,
    /// The id of the conversation it is in.
    pub conversation: Option<&'c str>,
    /// What the session is wanted for.
    pub purpose: Purpose,
    /// When that is.
    pub now: Timestamp,
}

/// A session that a selector may mean.
#[derive(Debug)]
pub struct Candidate {
    /// Its file name.
    pub name: String,
    /// Its content.
    pub source: Source,
}

impl Candidate {
    fn updated(&self) -> Option<Timestamp> {
        let document = Document::parse(&self.source);
        document.frontmatter.last_updated().map(|at| at.at)
    }

    /// How probable it is that `agent` means it: what it has or is to have comes first, then what is in
    /// progress, then what was updated last.
    fn order(&self, agent: Option<&str>) -> (bool, bool, Reverse<Option<Timestamp>>) {
        let document = Document::parse(&self.source);
        let has = |who: Option<String>| agent.is_some() && who.as_deref() == agent;
        let own = has(document.waits_for()) || has(document.holder());
        let goes_on = document.frontmatter.status() == Some(Status::InProgress);
        let updated = document.frontmatter.last_updated();
        (!own, !goes_on, Reverse(updated.map(|at| at.at)))
    }

    /// Its name and title.
    pub fn describe(&self) -> String {
        let stem = stem_of(&self.name);
        let document = Document::parse(&self.source);
        match document.frontmatter.title() {
            Some(title) => format!("{stem}  {title}"),
            None => stem.to_owned(),
        }
    }
}

impl Store {
    /// The file name of the session that a selector means: a path, a name, a unique beginning of a
    /// name or slug, an issue id, or `@latest`.
    ///
    /// # Errors
    ///
    /// Of kind [`Kind::NotFound`] or [`Kind::Ambiguous`], with the candidates, the one that `agent`
    /// most probably means first.
    pub fn select(&self, selector: &str, agent: Option<&str>) -> Result<String> {
        let (name, why) = self.selected(selector, agent)?;
        debug!("the session is {name}: {why}");
        Ok(name)
    }

    /// The file name of the session that is meant where none is named: the one that the calling
    /// conversation is bound to, or else the one that this work tree uses, or else the only active
    /// one. The latter two are not written to while another conversation is at work on them, unless
    /// somebody who calls from no conversation has chosen to use it.
    ///
    /// # Errors
    ///
    /// As for [`Store::select`], and when there is none of the former and a session cannot be read.
    pub fn meant(&self, caller: &Caller) -> Result<String> {
        let bound = caller.conversation.and_then(|id| self.conversation(id));
        let (name, why) = match (bound, self.used()) {
            (Some(bound), _) => {
                let who = "this conversation is bound to";
                let name = self.still_there(bound.session, who)?;
                debug!("the session is {name}: {who} it");
                return Ok(name);
            }
            (None, Some(used)) => {
                let who = "this work tree uses";
                (self.still_there(used, who)?, "this work tree uses it")
            }
            (None, None) => (self.only_active(caller)?, "it is the only one"),
        };
        let is_named = caller.conversation.is_none() && self.used().is_some();
        if caller.purpose != Purpose::Read && !is_named {
            self.refuse_intrusion(&name, caller)?;
        }
        debug!("the session is {name}: {why}");
        Ok(name)
    }

    /// Fails if another conversation is at work on a session that nobody named.
    fn refuse_intrusion(&self, name: &str, caller: &Caller) -> Result<()> {
        let mut others = self.live_elsewhere(caller.conversation, caller.now);
        let Some(other) = others.find(|other| other.session == name) else {
            return Ok(());
        };
        let message = format!("{}; name the session that you mean", other.is_busy());
        let (active, _) = self.active_and_completed()?;
        Err(self.unnamed(message, active, caller))
    }

    /// The error where none of the active sessions is named. Those that no other conversation works
    /// on come first.
    fn unnamed(&self, message: String, mut active: Vec<Candidate>, caller: &Caller) -> Error {
        let others: Vec<_> = self
            .live_elsewhere(caller.conversation, caller.now)
            .collect();
        let busy = |it: &Candidate| others.iter().any(|other| other.session == it.name);
        active.sort_by_cached_key(|it| (busy(it), it.order(caller.agent)));
        let mut error = Error::new(Kind::Ambiguous, message);
        error.details = described(&active);
        error.hint("agentsess list")
    }

    /// The session that a selector means, and in which way.
    fn selected(&self, selector: &str, agent: Option<&str>) -> Result<(String, &'static str)> {
        if selector.contains('/') {
            return Ok((self.by_path(Path::new(selector))?, "that is its path"));
        }
        if selector == "@latest" {
            return Ok((self.latest()?, "it was updated last"));
        }
        let names = self.names()?;
        let bare = selector.strip_suffix(".md").unwrap_or(selector);
        let exact = |name: &&String| stem_of(name) == bare;
        if let Some(name) = names.iter().find(exact) {
            return Ok((name.clone(), "that is its name"));
        }
        let slug = |name: &String| SessionName::parse(name).map(|name| name.slug.to_owned());
        let same_slug: Vec<_> = names
            .iter()
            .filter(|name| slug(name).as_deref() == Some(bare))
            .collect();
        let mut found = same_slug;
        if found.is_empty() && !bare.is_empty() {
            let begins = |name: &&String| {
                name.starts_with(bare) || slug(name).is_some_and(|slug| slug.starts_with(bare))
            };
            found = names.iter().filter(begins).collect();
        }
        if found.is_empty() {
            let with_issue = self.candidates(&|document| {
                let issue = document.frontmatter.issue();
                issue.is_some_and(|issue| issue.eq_ignore_ascii_case(selector))
            })?;
            return match with_issue.as_slice() {
                [] => Err(self.not_found(selector, &names)),
                [only] => Ok((only.name.clone(), "it has that issue")),
                _ => Err(ambiguous(
                    format!("{} sessions have the issue `{selector}`", with_issue.len()),
                    with_issue,
                    agent,
                )),
            };
        }
        match found.as_slice() {
            [only] => Ok(((*only).clone(), "only its name or description begins so")),
            _ => Err(ambiguous(
                format!("`{selector}` begins {} sessions", found.len()),
                self.read_all(found.into_iter().cloned().collect())
                    .flatten()
                    .collect(),
                agent,
            )),
        }
    }

    /// Every session that can be read and that `fits`.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read. A single unreadable file is left out.
    pub fn candidates(&self, fits: &dyn Fn(&Document) -> bool) -> Result<Vec<Candidate>> {
        let found = self.read_all(self.names()?).flatten();
        Ok(found
            .filter(|candidate| fits(&Document::parse(&candidate.source)))
            .collect())
    }

    /// All of these sessions that are still there.
    fn read_all(&self, names: Vec<String>) -> impl Iterator<Item = Result<Candidate>> {
        names.into_iter().filter_map(|name| match self.read(&name) {
            Ok(source) => Some(Ok(Candidate { name, source })),
            Err(error) if error.kind == Kind::NotFound => None,
            Err(error) => Some(Err(error)),
        })
    }

    /// The word that chooses this session in a command.
    pub fn selector(&self, name: &str) -> String {
        shell::word(self.short_name(name))
    }

    /// The shortest name that means this session.
    pub fn short_name<'n>(&self, name: &'n str) -> &'n str {
        short_name(name, &shared_slugs(&self.names().unwrap_or_default()))
    }

    /// Says what was probably meant: a session that is closed, or one with a similar name.
    fn not_found(&self, selector: &str, names: &[String]) -> Error {
        let mut error = Error::new(Kind::NotFound, format!("no session matches `{selector}`"));
        let bare = selector.strip_suffix(".md").unwrap_or(selector);
        let mut trashed = self.trashed();
        trashed.retain(|trashed| {
            let name = &trashed.entry.name;
            !bare.is_empty() && (name.starts_with(bare) || slug_of(name).starts_with(bare))
        });
        if let Some(closed) = trashed.first() {
            let same = |other: &Trashed| slug_of(&other.entry.name) == slug_of(&closed.entry.name);
            if !trashed.iter().all(same) {
                error.message = format!("`{selector}` begins several sessions that were closed");
                return error.hint("agentsess restore");
            }
            let words = slug_of(&closed.entry.name);
            error.message = format!("`{words}` was closed at {}", closed.entry.removed_at);
            return error.hint(format!("agentsess restore {words}"));
        }
        let elsewhere = self.other_work_trees().into_iter().find_map(|store| {
            let names = store.names().ok()?;
            let found = names.into_iter().find(|name| {
                !bare.is_empty() && (name.starts_with(bare) || slug_of(name).starts_with(bare))
            })?;
            Some((store, found))
        });
        if let Some((store, name)) = elsewhere {
            let root = self.shown(&store.root);
            let name = store.short_name(&name);
            let shown = root.display().to_string();
            error.message = format!("`{name}` is in another work tree, {shown}");
            error.details = vec![name.to_owned()];
            error.elsewhere = Some(root);
            let (shown, name) = (shell::word(&shown), shell::word(name));
            return error.hint(format!("agentsess -C {shown} show {name}"));
        }
        let near = names
            .iter()
            .map(|name| (strsim::jaro_winkler(slug_of(name), selector), name))
            .filter(|(similarity, _)| *similarity > 0.75)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, name)) = near {
            let name = self.short_name(name);
            error.message = format!("{}; did you mean `{name}`?", error.message);
            error.details = vec![name.to_owned()];
        }
        error.hint("agentsess list")
    }

    fn still_there(&self, used: String, who: &str) -> Result<String> {
        if self.path(&used).symlink_metadata().is_ok() {
            return Ok(used);
        }
        let (slug, how) = (slug_of(&used), self.fate(&used));
        let (active, _) = self.active_and_completed()?;
        let mut error = Error::new(Kind::NotFound, format!("`{slug}`, which {who}, {how}"));
        let hint = match active.as_slice() {
            [] => "agentsess use --none".to_owned(),
            [only] => format!("agentsess use {}", shell::word(stem_of(&only.name))),
            _ => "agentsess list".to_owned(),
        };
        error.details = described(&active);
        Err(error.hint(hint))
    }

    /// What became of a session that is not there, as the end of a sentence.
    pub fn fate(&self, name: &str) -> String {
        let mut trashed = self.trashed().into_iter();
        match trashed.find(|trashed| trashed.entry.name == name) {
            Some(closed) => format!("was closed at {}", closed.entry.removed_at),
            None => "is not there any more".to_owned(),
        }
    }

    /// The sessions that are not completed, those in progress first, then the last updated; and
    /// those that are.
    ///
    /// # Errors
    ///
    /// When the folder or one of them cannot be read: it may be the one that is meant.
    pub fn active_and_completed(&self) -> Result<(Vec<Candidate>, Vec<Candidate>)> {
        let is_active = |candidate: &Candidate| {
            let document = Document::parse(&candidate.source);
            document.frontmatter.status() != Some(Status::Completed)
        };
        let all: Vec<_> = self.read_all(self.names()?).collect::<Result<_>>()?;
        let (mut active, completed): (Vec<_>, Vec<_>) = all.into_iter().partition(is_active);
        active.sort_by_cached_key(|candidate| candidate.order(None));
        Ok((active, completed))
    }

    fn only_active(&self, caller: &Caller) -> Result<String> {
        let (active, completed) = self.active_and_completed()?;
        match (active.as_slice(), completed.as_slice()) {
            ([only], _) => Ok(only.name.clone()),
            ([], [only]) if caller.purpose == Purpose::Close => Ok(only.name.clone()),
            ([], []) => Err(self.none_here()),
            ([], [first, ..]) => {
                let message = format!(
                    "there is no active session; {} completed",
                    if completed.len() == 1 {
                        "one is"
                    } else {
                        "some are"
                    }
                );
                let mut error = Error::new(Kind::NotFound, message);
                error.details = described(&completed);
                let stem = shell::word(stem_of(&first.name));
                Err(error.hint(format!("agentsess close {stem} --dry-run")))
            }
            _ => {
                let message = format!("{} sessions are not completed", active.len());
                Err(self.unnamed(message, active, caller))
            }
        }
    }

    /// The error where this work tree has no session at all: perhaps another one has.
    fn none_here(&self) -> Error {
        let Some(root) = self.elsewhere() else {
            return Error::new(Kind::NotFound, "there is no active session")
                .hint("agentsess new \"What this work is about\"");
        };
        let message = format!("there is no session in this work tree, but there are in {root}");
        let hint = format!("agentsess -C {} list", shell::word(&root));
        Error::new(Kind::NotFound, message).hint(hint)
    }

    /// The root of another work tree that has sessions, as the user would write it.
    pub fn elsewhere(&self) -> Option<String> {
        let mut others = self.other_work_trees().into_iter();
        let other = others.find(|store| store.names().is_ok_and(|names| !names.is_empty()))?;
        Some(self.shown(&other.root).display().to_string())
    }

    fn latest(&self) -> Result<String> {
        let all: Vec<_> = self.read_all(self.names()?).collect::<Result<_>>()?;
        all.iter()
            .max_by_key(|candidate| candidate.updated())
            .map(|candidate| candidate.name.clone())
            .ok_or_else(|| {
                Error::new(Kind::NotFound, "there is no session")
                    .hint("agentsess new \"What this work is about\"")
            })
    }

    /// A path must lead straight to a file of the sessions folder.
    fn by_path(&self, path: &Path) -> Result<String> {
        let outside = || {
            Error::usage("this path does not lead to a session of this project")
                .at(path, None)
                .hint(format!(
                    "sessions are the `.md` files in {}",
                    self.shown(&self.sessions).display()
                ))
        };
        let climbs = path
            .components()
            .skip_while(|part| *part == Component::ParentDir)
            .any(|part| part == Component::ParentDir);
        if climbs {
            return Err(outside());
        }
        let full = self.shown_from.join(path);
        let folder = full.parent().and_then(|folder| folder.canonicalize().ok());
        let sessions = self.sessions.canonicalize().ok();
        let name = full.file_name().and_then(OsStr::to_str);
        let name = name.filter(|name| is_session_name(name));
        let (Some(name), true) = (name, folder.is_some() && folder == sessions) else {
            return Err(outside());
        };
        self.read(name)?;
        Ok(name.to_owned())
    }
}

/// The error for a choice; each line of `details` begins with a name, and what `agent` most
/// probably means comes first.
fn ambiguous(message: String, mut found: Vec<Candidate>, agent: Option<&str>) -> Error {
    found.sort_by_cached_key(|candidate| candidate.order(agent));
    let mut error = Error::new(Kind::Ambiguous, message);
    error.details = described(&found);
    error.hint("agentsess list")
}

/// The first of these sessions, one a line, and how many more there are.
fn described(candidates: &[Candidate]) -> Vec<String> {
    let shown = candidates.iter().take(SHOWN).map(Candidate::describe);
    let more = candidates.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| format!("and {more} more"));
    shown.chain(more).collect()
}

/// The slugs that more than one of these names has.
pub fn shared_slugs(names: &[String]) -> BTreeSet<&str> {
    let mut seen = BTreeSet::new();
    let slugs = names.iter().map(|name| slug_of(name));
    slugs.filter(|slug| !seen.insert(*slug)).collect()
}

/// The shortest name that means this session, given the slugs that others have, too.
pub fn short_name<'n>(name: &'n str, shared: &BTreeSet<&str>) -> &'n str {
    let slug = slug_of(name);
    if shared.contains(slug) {
        stem_of(name)
    } else {
        slug
    }
}
