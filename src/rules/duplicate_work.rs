use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU64;

use super::context::{Context, Findings, shown};
use super::project::Project;
use super::rule::declare;
use crate::document::{Frontmatter, Status};

declare! {
    /// Two sessions are in progress on one issue or one branch.
    ///
    /// ## What it checks
    ///
    /// No other session of the folder that is in progress names the same `linear_issue` or `issue`,
    /// or the same `branch`, the default branch aside. Paused and completed sessions do not count.
    ///
    /// ## Why
    ///
    /// Two agents do the same work, or each waits for the other; whoever asks where the issue
    /// stands gets two answers.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// # 20251204-143000-weather.md and 20251205-090000-weather-again.md
    /// session:
    ///   status: in_progress
    ///   linear_issue: "BACK-123"
    /// ```
    ///
    /// ## Instead
    ///
    /// ```sh
    /// agentsess close weather-again
    /// ```
    "AS604", "duplicate-work", References, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some(folder) = cx.folder else { return };
    if cx.document.frontmatter.status() != Some(Status::InProgress) {
        return;
    }
    let place = |path| Some(cx.entry(path)?.value.span);
    let Some(work) = Work::of(cx.file_name, &cx.document.frontmatter) else {
        return;
    };
    let shared = [
        (
            work.issue.as_deref(),
            &folder.issues,
            place(&["session", "linear_issue"]).or(place(&["session", "issue"])),
        ),
        (
            work.branch.as_deref(),
            &folder.branches,
            place(&["session", "branch"]),
        ),
    ];
    for (text, groups, place) in shared {
        let names = text.and_then(|text| groups.get(text));
        let mut others = names
            .into_iter()
            .flatten()
            .filter(|name| **name != work.name);
        if let (Some(text), Some(place), Some(other)) = (text, place, others.next()) {
            let others = match others.count() {
                0 => "is".to_owned(),
                count => format!("and {count} more are"),
            };
            found.report(
                place,
                format!(
                    "{} {others} in progress on {} too",
                    shown(other),
                    shown(text)
                ),
                "go on in one of them: pause or close the other",
            );
            return;
        }
    }
}

/// What one session in progress works on.
#[derive(Debug)]
pub struct Work {
    name: String,
    issue: Option<String>,
    branch: Option<String>,
}

/// Hashes of the issue and the branch of a session in progress.
pub type Traces = [Option<NonZeroU64>; 2];

/// What can tell that two sessions do not work on the same, in little room: hashes of the issue and
/// of the branch of a session in progress. Everybody is on the default branch.
pub fn traces(frontmatter: &Frontmatter<'_>, project: Option<&Project<'_>>) -> Traces {
    if frontmatter.status() != Some(Status::InProgress) {
        return Traces::default();
    }
    let branch = frontmatter.text(&["session", "branch"]);
    let branch = branch.filter(|branch| !project.is_some_and(|p| p.is_default_branch(branch)));
    let trace = |text: &str, kind: u8| {
        let mut hasher = DefaultHasher::new();
        (kind, text).hash(&mut hasher);
        NonZeroU64::new(hasher.finish()).unwrap_or(NonZeroU64::MAX)
    };
    [
        frontmatter.issue().map(|issue| trace(issue, 0)),
        branch.map(|branch| trace(branch, 1)),
    ]
}

impl Work {
    /// What the session of this file name works on, if it is in progress and says so.
    pub fn of(name: &str, frontmatter: &Frontmatter<'_>) -> Option<Self> {
        if frontmatter.status() != Some(Status::InProgress) {
            return None;
        }
        let issue = frontmatter.issue().map(str::to_owned);
        let branch = frontmatter.text(&["session", "branch"]).map(str::to_owned);
        (issue.is_some() || branch.is_some()).then(|| Self {
            name: name.to_owned(),
            issue,
            branch,
        })
    }
}

/// The names of the sessions of one folder that are in progress on the same.
#[derive(Debug, Default)]
pub struct Folder {
    issues: HashMap<String, Vec<String>>,
    branches: HashMap<String, Vec<String>>,
}

impl Folder {
    /// Puts together what is worked on more than once. Everybody is on the default branch.
    pub fn new(work: &[Work], project: Option<&Project<'_>>) -> Self {
        let own = |branch: &&str| !project.is_some_and(|p| p.is_default_branch(branch));
        Self {
            issues: shared(work, |work| work.issue.as_deref()),
            branches: shared(work, |work| work.branch.as_deref().filter(own)),
        }
    }

    /// The sessions about which there is something to say.
    pub fn names(&self) -> HashSet<&str> {
        let groups = self.issues.values().chain(self.branches.values());
        groups.flatten().map(String::as_str).collect()
    }
}

/// The names of the sessions of which a part is the same, sorted. Sorting first keeps nothing of
/// the many that share it with nobody.
fn shared<'w>(
    work: &'w [Work],
    part: impl Fn(&'w Work) -> Option<&'w str>,
) -> HashMap<String, Vec<String>> {
    let mut pairs: Vec<(&str, &str)> = work
        .iter()
        .filter_map(|work| Some((part(work)?, work.name.as_str())))
        .collect();
    pairs.sort_unstable();
    let groups = pairs.chunk_by(|a, b| a.0 == b.0);
    groups
        .filter(|group| group.len() > 1)
        .filter_map(|group| {
            let names = group.iter().map(|(_, name)| (*name).to_owned());
            Some((group.first()?.0.to_owned(), names.collect()))
        })
        .collect()
}
