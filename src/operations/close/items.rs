//! The items of the gate, each with its proof.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicUsize;

use super::references::{self, Mention};
use super::{Check, Item, PARENT, Request, Subject, Verdict, names};
use crate::child::{self, End};
use crate::document::schema::FILES_MODIFIED;
use crate::document::{Document, Positions, Source, Status, is_none, named_path};
use crate::error::Result;
use crate::lint;
use crate::operations::{counted, stem_of, trust};
use crate::store::Store;

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

pub(super) fn files_modified(document: &Document) -> Vec<String> {
    document
        .body
        .items_in(FILES_MODIFIED)
        .map(|(_, item)| named_path(item.text.of(document.text)).to_owned())
        .filter(|path| !is_none(path))
        .collect()
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

/// No lint error, so that what goes to the trash can be worked with when it comes back, and nobody
/// else at work on it.
pub(super) fn saved(subject: &Subject, request: &Request, source: &Source) -> Check {
    let Subject {
        store, name, now, ..
    } = *subject;
    let config = &store.config;
    let findings = lint::check(name, source, lint::Settings::new(config, now));
    let shown = store.shown(&store.path(name));
    let positions = Positions::new(source.text());
    let errors: Vec<_> = findings
        .iter()
        .filter(|finding| finding.severity == lint::Severity::Error)
        .map(|finding| {
            let (line, column) = positions.of(finding.span.start);
            let (path, message) = (shown.display(), &finding.message);
            format!("{path}:{line}:{column}: {message}")
        })
        .collect();
    // Who says that it is completed expects it to be closed.
    if errors.is_empty() && subject.document.frontmatter.status() != Some(Status::Completed) {
        let caller = request.conversation.as_deref();
        let mut others = store.at_work_elsewhere(name, caller, &request.by, now);
        if let Some(other) = others.next() {
            let note = "confirm that nothing is to come of another conversation any more";
            return verdict(Item::Saved, Verdict::Asked, note, vec![other.is_busy()]);
        }
    }
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
