//! Knowledge first, then deletion: a gate whose items are proven where they can be, confirmed by a
//! person where they cannot, and waived only with a reason. While one is unmet nothing is touched.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::log::plain_path;
use super::references::{self, Mention};
use super::{apply, counted, shell_word, slug_of, stem_of, updated};
use crate::document::schema::{
    ACCEPTANCE_CRITERIA, BLOCKERS, DECISIONS, EXECUTION_PROGRESS, FILES_MODIFIED, LESSONS_LEARNED,
    NEXT_STEPS,
};
use crate::document::time::Timestamp;
use crate::document::{Document, Edit, Scalar, Source, issue_id, line_column, yaml};
use crate::error::{Error, Kind, Result};
use crate::lint;
use crate::store::{self, Lock, Store};

/// An item of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Item {
    /// The external issue has its final status.
    Issue,
    /// Architectural decisions are captured.
    Decisions,
    /// Lessons are added to the documentation.
    Lessons,
    /// API contracts are documented.
    Api,
    /// Remaining work is filed.
    Remaining,
    /// The implementation is in git.
    Committed,
    /// Nothing else mentions the session.
    References,
    /// Nothing is unsaved.
    Saved,
}

impl Item {
    /// All of them, in the order in which they are checked.
    pub const ALL: [Self; 8] = [
        Self::Issue,
        Self::Decisions,
        Self::Lessons,
        Self::Api,
        Self::Remaining,
        Self::Committed,
        Self::References,
        Self::Saved,
    ];

    /// As it is written on the command line.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Decisions => "decisions",
            Self::Lessons => "lessons",
            Self::Api => "api",
            Self::Remaining => "remaining",
            Self::Committed => "committed",
            Self::References => "references",
            Self::Saved => "saved",
        }
    }

    /// What it asks for.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Issue => "the external issue has its final status",
            Self::Decisions => "architectural decisions are captured",
            Self::Lessons => "lessons are added to the documentation",
            Self::Api => "API contracts are documented",
            Self::Remaining => "remaining work is filed",
            Self::Committed => "the implementation is in git",
            Self::References => "nothing else mentions the session",
            Self::Saved => "nothing is unsaved",
        }
    }

    fn parse(id: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|item| item.id() == id);
        found.ok_or_else(|| {
            let mut error = Error::usage(format!("`{id}` is no item of the gate"));
            error.details = Self::ALL.map(|item| item.id().to_owned()).to_vec();
            error.hint("agentsess close --dry-run")
        })
    }
}

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Shown to be so.
    Proven,
    /// There is nothing to ask.
    NotApplicable,
    /// Somebody vouches for it.
    Confirmed,
    /// Let go, with a reason.
    Waived,
    /// Cannot be proven; somebody must confirm it.
    Asked,
    /// Shown not to be so.
    Unmet,
}

impl Verdict {
    /// Whether the session may be closed as far as this item goes.
    pub const fn is_met(self) -> bool {
        !matches!(self, Self::Asked | Self::Unmet)
    }
}

/// An item with its verdict.
#[derive(Debug, Serialize)]
pub struct Check {
    /// The item.
    pub item: Item,
    /// How it stands.
    pub verdict: Verdict,
    /// Why, in a few words.
    pub note: String,
    /// The places or texts it is about.
    pub details: Vec<String>,
}

/// The gate of one session.
#[derive(Debug)]
pub struct Gate {
    /// The session's file name.
    pub session: String,
    /// Every item, in order.
    pub checks: Vec<Check>,
    /// What was checked; closing something else is refused.
    bytes: Vec<u8>,
    /// Sessions that continue this one.
    children: BTreeSet<String>,
}

impl Gate {
    /// Whether nothing stands in the way.
    pub fn is_met(&self) -> bool {
        self.checks.iter().all(|check| check.verdict.is_met())
    }

    /// The one command that closes the session once its blanks are filled in.
    pub fn command(&self, request: &Request) -> String {
        let mut command = format!("agentsess close {}", slug_of(&self.session));
        for id in &request.confirmed {
            let _ = write!(command, " --confirm {id}");
        }
        for (id, reason) in &request.waived {
            let _ = write!(command, " --waive {id}={}", shell_word(reason));
        }
        for check in &self.checks {
            let id = check.item.id();
            let _ = match check.verdict {
                Verdict::Asked => write!(command, " --confirm {id}"),
                Verdict::Unmet => write!(command, " --waive {id}={BLANK}"),
                _ => Ok(()),
            };
        }
        command
    }
}

/// Stands for the reason in a command that is shown, and is refused as one.
const BLANK: &str = "REASON";

/// What somebody vouches for.
#[derive(Debug, Default)]
pub struct Request {
    /// Ids of items that are confirmed.
    pub confirmed: Vec<String>,
    /// Ids of items that are waived, each with the reason.
    pub waived: Vec<(String, String)>,
}

/// What closing did.
#[derive(Debug, Serialize)]
pub struct Closed {
    /// The session's file name.
    pub session: String,
    /// Its short name.
    pub slug: String,
    /// Sessions whose `parent` was cleared.
    pub cleared_parents: Vec<String>,
    /// Where the copy is.
    pub trash: PathBuf,
    /// The command that brings the session back.
    pub undo: String,
}

/// Checks every item of the gate. Changes nothing.
///
/// # Errors
///
/// When the session cannot be read, an id is unknown, or a waiver has no reason.
pub fn check(store: &Store, name: &str, request: &Request) -> Result<Gate> {
    let mut confirmed = Vec::new();
    for id in &request.confirmed {
        confirmed.push(Item::parse(id)?);
    }
    let mut waived = Vec::new();
    for (id, reason) in &request.waived {
        let item = Item::parse(id)?;
        if reason.trim().is_empty() || reason == BLANK {
            return Err(
                Error::usage(format!("the waiver of `{id}` gives no reason")).hint(format!(
                    "agentsess close {} --waive {id}=\"why this does not matter\"",
                    slug_of(name)
                )),
            );
        }
        waived.push((item, reason));
    }
    let source = store.read(name)?;
    let document = Document::parse(&source);
    let mut children = BTreeSet::new();
    let mut checks = Vec::new();
    for item in Item::ALL {
        let mut check = match item {
            Item::Issue => issue(&document),
            Item::Decisions => decisions(store, &document),
            Item::Lessons => lessons(&document),
            Item::Api => api(&document),
            Item::Remaining => remaining(store, name, &document),
            Item::Committed => committed(store, &document),
            Item::References => mentions(store, name, &mut children),
            Item::Saved => saved(store, name, &source),
        };
        if check.verdict == Verdict::Asked && confirmed.contains(&item) {
            check.verdict = Verdict::Confirmed;
            check.note = format!("somebody vouches that {}", item.title());
        }
        let reason = waived.iter().find(|(waived, _)| *waived == item);
        if let (false, Some((_, reason))) = (check.verdict.is_met(), reason) {
            check.verdict = Verdict::Waived;
            check.note = format!("waived: {reason}");
        }
        checks.push(check);
    }
    Ok(Gate {
        session: name.to_owned(),
        checks,
        bytes: source.into_bytes(),
        children,
    })
}

/// Moves the session to the trash. The gate must be met and the session be what the gate saw.
///
/// # Errors
///
/// When the gate is not met, the session has changed, or the operating system refuses; the session
/// is still there then.
pub fn close(store: &Store, gate: &Gate, now: Timestamp) -> Result<Closed> {
    let name = gate.session.as_str();
    if !gate.is_met() {
        return Err(Error::new(Kind::Unmet, "the gate is not met"));
    }
    let lock = store.lock()?;
    if store.read(name)?.bytes() != gate.bytes {
        return Err(Error::new(
            Kind::Unmet,
            "the session changed while its gate was checked",
        )
        .at(&store.shown(&store.path(name)), None)
        .hint("run the command again"));
    }
    let trashed = store.put_in_trash(name, &gate.bytes, now)?;
    let mut cleared_parents = Vec::new();
    for child in &gate.children {
        if clear_parent(store, &lock, child, stem_of(name), now)? {
            cleared_parents.push(child.clone());
        }
    }
    store.remove(&lock, name, &gate.bytes)?;
    Ok(Closed {
        session: name.to_owned(),
        slug: slug_of(name).to_owned(),
        cleared_parents,
        trash: store.shown(&trashed.path),
        undo: format!("agentsess restore {}", stem_of(name)),
    })
}

fn verdict(item: Item, verdict: Verdict, note: impl Into<String>, details: Vec<String>) -> Check {
    Check {
        item,
        verdict,
        note: note.into(),
        details,
    }
}

fn issue(document: &Document) -> Check {
    match document.frontmatter.issue() {
        None => verdict(Item::Issue, Verdict::NotApplicable, "no issue", Vec::new()),
        Some(issue) => {
            let note = format!("confirm that {issue} has its final status");
            verdict(Item::Issue, Verdict::Asked, note, Vec::new())
        }
    }
}

/// A decision is captured when a record in the folder has its title in a heading.
fn decisions(store: &Store, document: &Document) -> Check {
    let titles = decision_titles(document);
    if titles.is_empty() {
        return verdict(
            Item::Decisions,
            Verdict::NotApplicable,
            "no decisions",
            Vec::new(),
        );
    }
    let folder = &store.config.close.decisions;
    let recorded = headings_below(&store.root.join(folder));
    let missing: Vec<String> = titles
        .iter()
        .filter(|title| {
            !recorded
                .iter()
                .any(|heading| heading.contains(&plain(title)))
        })
        .cloned()
        .collect();
    let count = titles.len();
    if missing.is_empty() {
        let note = format!("{count} found in {}", folder.display());
        return verdict(Item::Decisions, Verdict::Proven, note, Vec::new());
    }
    let note = format!(
        "{} of {count} without a record in {} that has its title as a heading",
        missing.len(),
        folder.display()
    );
    verdict(Item::Decisions, Verdict::Unmet, note, missing)
}

fn decision_titles(document: &Document) -> Vec<String> {
    let Some((_, section)) = document.body.section(DECISIONS) else {
        return Vec::new();
    };
    let headings = document.body.subsections(document.text, section);
    headings
        .iter()
        .filter_map(|(index, _)| document.body.headings.get(*index))
        .map(|heading| {
            let numbered = heading.title.strip_prefix("Decision ");
            let title = numbered.and_then(|rest| rest.split_once(':'));
            title
                .map_or(heading.title.as_ref(), |(_, title)| title)
                .trim()
                .to_owned()
        })
        .filter(|title| !title.is_empty())
        .collect()
}

/// The headings of all Markdown files at the top of a folder, in the plain form.
fn headings_below(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter(|file| file.path().extension().is_some_and(|end| end == "md"))
        .filter_map(|file| store::read(&file.path()).ok())
        .flat_map(|bytes| {
            let source = Source::new(bytes);
            let document = Document::parse(&source);
            let headings = document.body.headings.iter();
            headings
                .map(|heading| plain(&heading.title))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Letters and digits in lower case, words apart by one space.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").to_lowercase()
}

fn lessons(document: &Document) -> Check {
    let lessons: Vec<_> = document
        .open_items(LESSONS_LEARNED)
        .map(|(_, item)| item.text.of(document.text).to_owned())
        .collect();
    let text = document.section_text(LESSONS_LEARNED);
    if lessons.is_empty() && text.is_none_or(|text| plain(text) == "none") {
        return verdict(Item::Lessons, Verdict::NotApplicable, "no lessons", lessons);
    }
    let note = "confirm that each is in the documentation";
    verdict(Item::Lessons, Verdict::Asked, note, lessons)
}

fn api(document: &Document) -> Check {
    let files: Vec<_> = files_modified(document)
        .into_iter()
        .filter(|path| is_api_file(path))
        .collect();
    if files.is_empty() {
        return verdict(
            Item::Api,
            Verdict::NotApplicable,
            "no API file modified",
            files,
        );
    }
    let note = "confirm that the contracts of these are documented";
    verdict(Item::Api, Verdict::Asked, note, files)
}

/// Files that by name describe or implement an interface for others.
fn is_api_file(path: &str) -> bool {
    let path = path.to_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let ends = [
        ".proto",
        ".graphql",
        ".graphqls",
        ".gql",
        ".thrift",
        ".avsc",
        ".wsdl",
        ".smithy",
    ];
    let begins = ["openapi", "swagger", "asyncapi"];
    ends.iter().any(|end| name.ends_with(end))
        || begins.iter().any(|begin| name.starts_with(begin))
        || path.split('/').any(|part| matches!(part, "api" | "apis"))
}

fn files_modified(document: &Document) -> Vec<String> {
    document
        .body
        .items_in(FILES_MODIFIED)
        .map(|(_, item)| plain_path(item.text.of(document.text)))
        .filter(|path| !path.is_empty() && !matches!(plain(path).as_str(), "none"))
        .collect()
}

fn remaining(store: &Store, name: &str, document: &Document) -> Check {
    let sections = [
        EXECUTION_PROGRESS,
        ACCEPTANCE_CRITERIA,
        BLOCKERS,
        NEXT_STEPS,
    ];
    let open: Vec<_> = sections
        .iter()
        .flat_map(|section| document.open_items(section))
        .map(|(_, item)| item.text)
        .collect();
    if open.is_empty() {
        return verdict(
            Item::Remaining,
            Verdict::Proven,
            "nothing is open",
            Vec::new(),
        );
    }
    let shown = store.shown(&store.path(name));
    let configured = |token: &str| store.config.items.is_id(token);
    let unfiled: Vec<_> = open
        .iter()
        .filter(|span| issue_id(span.of(document.text), configured).is_none())
        .map(|span| {
            let (line, column) = document.position(span.start);
            format!(
                "{}:{line}:{column}: {}",
                shown.display(),
                span.of(document.text)
            )
        })
        .collect();
    if unfiled.is_empty() {
        let note = format!(
            "{}, each with an issue id",
            counted(open.len(), "open item")
        );
        return verdict(Item::Remaining, Verdict::Proven, note, unfiled);
    }
    let note = format!(
        "{} of {} without an issue id; write `ID - text`, or tick what is done",
        unfiled.len(),
        counted(open.len(), "open item")
    );
    verdict(Item::Remaining, Verdict::Unmet, note, unfiled)
}

/// The files the session names are clean; if it names none, so is the whole work tree, or somebody
/// must confirm.
fn committed(store: &Store, document: &Document) -> Check {
    let Some(repository) = &store.repository else {
        let note = "no git repository; confirm that the work is kept";
        return verdict(Item::Committed, Verdict::Asked, note, Vec::new());
    };
    let files = files_modified(document);
    let within = |path: &str| {
        let full = store.root.join(path);
        full.strip_prefix(&repository.top).map(Path::to_owned)
    };
    let named: Vec<PathBuf> = files.iter().filter_map(|path| within(path).ok()).collect();
    let changed = match repository.changed(&named) {
        Ok(changed) => changed,
        Err(error) => {
            return verdict(
                Item::Committed,
                Verdict::Asked,
                error.to_string(),
                Vec::new(),
            );
        }
    };
    let agents = store.root.join(".agents");
    let changed: Vec<_> = changed
        .iter()
        .filter(|path| !repository.top.join(path).starts_with(&agents))
        .map(|path| path.display().to_string())
        .collect();
    match (changed.is_empty(), files.is_empty()) {
        (true, true) => {
            let note = "no files named, and the work tree is clean";
            verdict(Item::Committed, Verdict::Proven, note, changed)
        }
        (true, false) => {
            let note = format!("no uncommitted change in {}", counted(files.len(), "file"));
            verdict(Item::Committed, Verdict::Proven, note, changed)
        }
        (false, true) => {
            let note = "no files named; confirm that these changes are not this session's";
            verdict(Item::Committed, Verdict::Asked, note, changed)
        }
        (false, false) => {
            let note = "these have uncommitted changes";
            verdict(Item::Committed, Verdict::Unmet, note, changed)
        }
    }
}

/// Mentions elsewhere in the repository. A `parent` that names the session is not one: closing
/// clears it.
fn mentions(store: &Store, name: &str, children: &mut BTreeSet<String>) -> Check {
    let stem = stem_of(name);
    let top = store.repository.as_ref().map_or(&store.root, |r| &r.top);
    let own = store.path(name);
    let local = store.sessions.join(".local");
    let archive = store.sessions.join("archive");
    let skip = |path: &Path| path == own || path == local || path == archive;
    let found = references::find(top, stem, skip);
    let orphaned: Vec<_> = found
        .iter()
        .filter(|mention| !is_parent(store, mention, stem, children))
        .map(|mention| {
            let (line, column) = mention.position;
            format!("{}:{line}:{column}", store.shown(&mention.path).display())
        })
        .collect();
    if !orphaned.is_empty() {
        let mentions = counted(orphaned.len(), "mention");
        let note = format!("{mentions} would lead nowhere");
        return verdict(Item::References, Verdict::Unmet, note, orphaned);
    }
    let note = match children.len() {
        0 => "none found".to_owned(),
        count => format!(
            "the `parent` of {} will be cleared",
            counted(count, "session")
        ),
    };
    verdict(Item::References, Verdict::Proven, note, orphaned)
}

fn is_parent(
    store: &Store,
    mention: &Mention,
    stem: &str,
    children: &mut BTreeSet<String>,
) -> bool {
    if mention.path.parent() != Some(&store.sessions) {
        return false;
    }
    let name = mention.path.file_name().map(|name| name.to_string_lossy());
    let Some((name, source)) = name.and_then(|name| Some((name.clone(), store.read(&name).ok()?)))
    else {
        return false;
    };
    let document = Document::parse(&source);
    let parent = document.frontmatter.entry(PARENT);
    let is_parent = parent.is_some_and(|entry| names(&entry.value, stem))
        && parent.is_some_and(|entry| {
            let span = entry.value.span;
            (span.start..span.end).contains(&mention.offset)
        });
    if is_parent {
        children.insert(name.into_owned());
    }
    is_parent
}

const PARENT: &[&str] = &["session", "parent"];

fn names(value: &yaml::Node, stem: &str) -> bool {
    value.text().is_some_and(|text| stem_of(text) == stem)
}

fn clear_parent(
    store: &Store,
    lock: &Lock,
    child: &str,
    stem: &str,
    now: Timestamp,
) -> Result<bool> {
    store.update(lock, child, |source| {
        let document = Document::parse(source);
        let parent = document.frontmatter.entry(PARENT);
        if !parent.is_some_and(|entry| names(&entry.value, stem)) {
            return Ok((None, false));
        }
        let updated = updated(&document, now);
        let edits = [
            Edit::Remove { path: PARENT },
            Edit::Set {
                path: &["session", "last_updated"],
                value: Scalar::Text(&updated),
            },
        ];
        Ok((Some(apply(store, child, &document, &edits)?), true))
    })
}

/// No lint error, so that what goes to the trash can be worked with when it comes back.
fn saved(store: &Store, name: &str, source: &Source) -> Check {
    let findings = lint::check(name, source, &store.config);
    let shown = store.shown(&store.path(name));
    let errors: Vec<_> = findings
        .iter()
        .filter(|finding| finding.severity == lint::Severity::Error)
        .map(|finding| {
            let (line, column) = line_column(source.text(), finding.span.start);
            let (path, message) = (shown.display(), &finding.message);
            format!("{path}:{line}:{column}: {message}")
        })
        .collect();
    if errors.is_empty() {
        let note = "no lint error; a copy goes to the trash first";
        return verdict(Item::Saved, Verdict::Proven, note, errors);
    }
    let note = format!(
        "{}; see `agentsess lint`",
        counted(errors.len(), "lint error")
    );
    verdict(Item::Saved, Verdict::Unmet, note, errors)
}
