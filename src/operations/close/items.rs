//! The items of the gate, each with its proof.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicUsize;

use super::decisions::record;
use super::gate::{Plan, WRITE_ADRS, WRITE_LESSONS};
use super::references::{self, Mention};
use super::{Check, Item, PARENT, Request, Subject, Verdict, lessons, names};
use crate::child::{self, End};
use crate::config;
use crate::document::schema::{DECISIONS, FILES_MODIFIED};
use crate::document::time::Timestamp;
use crate::document::{Document, Source, is_none, line_column, named_path};
use crate::error::{Error, Result};
use crate::git::Repository;
use crate::lint;
use crate::operations::{counted, slug_of, stem_of, trust};
use crate::store::{Store, plain};

pub(super) fn verdict(
    item: Item,
    verdict: Verdict,
    note: impl Into<String>,
    details: Vec<String>,
) -> Check {
    Check {
        item,
        verdict,
        note: note.into(),
        details,
        remedy: None,
    }
}

/// The issue has its final status when the configured command says so; where none is configured,
/// somebody must confirm it.
pub(super) fn issue(subject: &Subject, request: &Request) -> Result<Check> {
    let Subject {
        store, document, ..
    } = *subject;
    let nothing = Vec::new();
    let Some(issue) = document.frontmatter.issue() else {
        return Ok(verdict(
            Item::Issue,
            Verdict::NotApplicable,
            "no issue",
            nothing,
        ));
    };
    let Some(command) = trust::command(store, trust::ISSUE_COMMAND) else {
        let note = format!("confirm that {issue} has its final status");
        return Ok(verdict(Item::Issue, Verdict::Asked, note, nothing));
    };
    let unmet = |note: String, said| Ok(verdict(Item::Issue, Verdict::Unmet, note, said));
    if request.waives(Item::Issue) {
        return unmet(format!("nobody was asked about {issue}"), nothing);
    }
    if issue.starts_with('-') {
        return unmet(format!("`{issue}` would be taken for an option"), nothing);
    }
    request.require_trust(store, &command)?;
    let argv = command.filled(&[("issue", issue)]);
    let program = argv.first().map_or("", String::as_str);
    let said = match child::run(&argv, &store.root, None, command.limit) {
        Ok(said) => said,
        Err(error) => return unmet(format!("`{program}` cannot be started: {error}"), nothing),
    };
    let status = said
        .stdout
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty());
    match (said.end, status) {
        (End::Success, Some(status)) => {
            let mut known = store.config.close.issue_final.iter();
            if known.any(|known| known.eq_ignore_ascii_case(status)) {
                let note = format!("{issue} is {status}");
                return Ok(verdict(Item::Issue, Verdict::Proven, note, nothing));
            }
            unmet(
                format!("{issue} does not have a final status"),
                vec![status.to_owned()],
            )
        }
        (End::Success, None) => unmet(format!("`{program}` printed no status"), said.lines()),
        (End::Failed(code), _) => unmet(
            format!("`{program}` failed with exit code {code}"),
            said.lines(),
        ),
        (End::Killed, _) => unmet(format!("`{program}` was killed"), said.lines()),
        (End::TimedOut, _) => {
            let limit = command.limit.as_secs_f64();
            unmet(
                format!("`{program}` took more than {limit} s"),
                said.lines(),
            )
        }
    }
}

/// A decision is captured when a record in the folder has its title as a heading, whatever number
/// stands before it.
pub(super) fn decisions(subject: &Subject, write: bool, plan: &mut Plan) -> Check {
    let Subject {
        store,
        name,
        document,
        now,
    } = *subject;
    let decisions = document.decisions();
    if decisions.is_empty() {
        let text = document
            .section_text(DECISIONS)
            .filter(|text| !is_none(text));
        let (state, note) = match text {
            None => (Verdict::NotApplicable, "no decisions"),
            Some(_) => (
                Verdict::Asked,
                "confirm that what Decisions says is recorded; it has no `### Decision N: Title`",
            ),
        };
        return verdict(Item::Decisions, state, note, Vec::new());
    }
    let same = decisions.iter().enumerate().filter(|(index, decision)| {
        let mut before = decisions.iter().take(*index);
        before.any(|other| plain(&other.title) == plain(&decision.title))
    });
    let same: Vec<_> = same.map(|(_, decision)| decision.title.clone()).collect();
    if !same.is_empty() {
        let note = "decisions with the same title cannot be told apart; give each one of its own";
        return verdict(Item::Decisions, Verdict::Unmet, note, same);
    }
    let folder = store.config.close.decisions.display();
    let known = store.decision_records();
    let count = decisions.len();
    let missing = decisions
        .iter()
        .filter(|decision| !known.has(&decision.title));
    let missing: Vec<_> = missing
        .map(|decision| (&decision.title, record(name, document, decision, now)))
        .collect();
    if missing.is_empty() {
        let note = format!("{count} found in {folder}");
        return verdict(Item::Decisions, Verdict::Proven, note, Vec::new());
    }
    let writable = missing.iter().all(|(_, record)| record.is_some());
    let details = missing.iter().map(|(title, record)| match record {
        Some(_) => (*title).clone(),
        None => format!("{title} (no `**Decision**:` and `**Rationale**:` to make one of)"),
    });
    let details: Vec<_> = details.collect();
    if write && writable {
        let records = missing.into_iter().filter_map(|(_, record)| record);
        plan.records = records.collect();
        let count = counted(details.len(), "record");
        let note = format!("{count} will be written to {folder}");
        return verdict(Item::Decisions, Verdict::Planned, note, details);
    }
    let note = format!(
        "{} of {count} without a record in {folder} that has its title as a heading",
        missing.len(),
    );
    Check {
        remedy: writable.then(|| WRITE_ADRS.to_owned()),
        ..verdict(Item::Decisions, Verdict::Unmet, note, details)
    }
}

/// A lesson is in the documentation when the configured document has its words; where none is
/// configured, somebody must confirm it.
pub(super) fn lessons(subject: &Subject, write: bool, plan: &mut Plan) -> Result<Check> {
    let Subject {
        store,
        name,
        document,
        ..
    } = *subject;
    let lessons = lessons::of(document);
    let shown = |lessons: &[&str]| -> Vec<String> {
        let first = |lesson: &&str| lesson.lines().next().unwrap_or("").to_owned();
        lessons.iter().map(first).collect()
    };
    if lessons.is_empty() {
        return Ok(verdict(
            Item::Lessons,
            Verdict::NotApplicable,
            "no lessons",
            Vec::new(),
        ));
    }
    let Some(path) = &store.config.close.lessons else {
        if write {
            return Err(Error::usage(
                "`--write-lessons` needs the document they go to: set `close.lessons`",
            )
            .at(store.config.path().unwrap_or(Path::new(config::FILE)), None)
            .hint(format!(
                "agentsess close {} --confirm lessons",
                slug_of(name)
            )));
        }
        let note = "confirm that each is in the documentation";
        return Ok(verdict(
            Item::Lessons,
            Verdict::Asked,
            note,
            shown(&lessons),
        ));
    };
    let texts: Vec<_> = lessons
        .iter()
        .map(|lesson| lessons::text(name, document, lesson))
        .collect();
    let missing = lessons::missing(store, path, &texts)?;
    let (count, document) = (texts.len(), path.display());
    if missing.is_empty() {
        let note = format!("{count} found in {document}");
        return Ok(verdict(Item::Lessons, Verdict::Proven, note, Vec::new()));
    }
    let details = shown(&missing.iter().map(String::as_str).collect::<Vec<_>>());
    if write {
        let note = format!(
            "{} will be added to {document}",
            counted(missing.len(), "lesson")
        );
        plan.lessons = missing;
        return Ok(verdict(Item::Lessons, Verdict::Planned, note, details));
    }
    let note = format!("{} of {count} not in {document}", missing.len());
    Ok(Check {
        remedy: Some(WRITE_LESSONS.to_owned()),
        ..verdict(Item::Lessons, Verdict::Unmet, note, details)
    })
}

pub(super) fn api(document: &Document) -> Check {
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
        .map(|(_, item)| named_path(item.text.of(document.text)).to_owned())
        .filter(|path| !is_none(path))
        .collect()
}

/// The files the session names are in git without changes; if it names none, the whole work tree is
/// clean, or somebody must confirm.
pub(super) fn committed(store: &Store, document: &Document) -> Check {
    let Some(repository) = &store.repository else {
        let note = "no git repository; confirm that the work is kept";
        return verdict(Item::Committed, Verdict::Asked, note, Vec::new());
    };
    let files = files_modified(document);
    let proof = if files.is_empty() {
        clean_tree(store, repository)
    } else {
        clean_files(store, repository, &files)
    };
    proof.unwrap_or_else(|error| {
        verdict(
            Item::Committed,
            Verdict::Asked,
            error.to_string(),
            Vec::new(),
        )
    })
}

fn clean_tree(store: &Store, repository: &Repository) -> Result<Check> {
    let own = [
        Some(store.root.join(".agents")),
        store.records_folder().ok(),
    ];
    let is_own = |path: &Path| own.iter().flatten().any(|folder| path.starts_with(folder));
    let changed: Vec<_> = repository
        .changed(&[])?
        .iter()
        .filter(|path| !is_own(&repository.top.join(path)))
        .map(|path| path.display().to_string())
        .collect();
    let (state, note) = if changed.is_empty() {
        (
            Verdict::Proven,
            "no files named, and the work tree is clean",
        )
    } else {
        let note = "no files named; confirm that these changes are not this session's";
        (Verdict::Asked, note)
    };
    Ok(verdict(Item::Committed, state, note, changed))
}

fn clean_files(store: &Store, repository: &Repository, files: &[String]) -> Result<Check> {
    let mut missing = Vec::new();
    let mut named = Vec::new();
    for file in files {
        let within = store.root.join(file);
        match within.strip_prefix(&repository.top) {
            Ok(path) if repository.knows(path).is_ok_and(|known| known) => {
                named.push(path.to_owned());
            }
            _ => missing.push(format!("{file} is not in git")),
        }
    }
    if !named.is_empty() {
        let changed = repository.changed(&named)?;
        let changed = changed.iter().map(|path| path.display().to_string());
        missing.extend(changed.map(|path| format!("{path} has uncommitted changes")));
    }
    let count = counted(files.len(), "file");
    let (state, note) = if missing.is_empty() {
        (Verdict::Proven, format!("{count} committed"))
    } else {
        (
            Verdict::Unmet,
            format!("{} of {count} not committed", missing.len()),
        )
    };
    Ok(verdict(Item::Committed, state, note, missing))
}

/// Mentions elsewhere in the repository. A `parent` that names the session is not one: closing
/// clears it.
pub(super) fn mentions(
    subject: &Subject,
    searched: &AtomicUsize,
    children: &mut BTreeSet<String>,
) -> Check {
    let Subject { store, name, .. } = *subject;
    let stem = stem_of(name);
    let top = store.repository.as_ref().map_or(&store.root, |r| &r.top);
    let own = store.path(name);
    let local = store.sessions.join(".local");
    // Other work trees have the session of their own branch.
    let mut skipped = vec![own, local];
    skipped.extend(store.records_folder());
    if let Some(repository) = &store.repository {
        let others = repository.work_trees().into_iter();
        skipped.extend(others.filter(|other| *other != repository.top));
        skipped.push(repository.common_dir.clone());
    }
    let skip = |path: &Path| skipped.iter().any(|skipped| skipped == path);
    let found = references::find(top, stem, skip, searched);
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

/// No lint error, so that what goes to the trash can be worked with when it comes back.
pub(super) fn saved(store: &Store, name: &str, source: &Source, now: Timestamp) -> Check {
    let config = &store.config;
    let findings = lint::check(name, source, lint::Settings::new(config, now));
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
