use super::context::{Context, Findings, shown};
use super::rule::declare;
use crate::document::Status;

declare! {
    /// A session is in progress on the default branch.
    ///
    /// ## What it checks
    ///
    /// While the status is `in_progress`, neither `session.branch` nor, where that is not given,
    /// the branch that is checked out is the default one: the head of the remote, else `main`,
    /// `master` or `trunk`. The rule is off unless it is selected.
    ///
    /// ## Why
    ///
    /// In a project where all work happens on branches, a session on the default branch is one
    /// that was merged without being closed, or whose work was begun in the wrong place.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   status: in_progress
    ///   branch: "main"
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   status: in_progress
    ///   branch: "feat/weather"
    /// ```
    "AS704", "session-on-default-branch", Safety, Warning, check, OFF
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some(project) = cx.project else { return };
    let Some(status) = cx.entry(&["session", "status"]) else {
        return;
    };
    if cx.document.frontmatter.status() != Some(Status::InProgress) {
        return;
    }
    let named = cx.text(&["session", "branch"]);
    let Some(branch) = named.map(|(_, branch)| branch).or(project.branch()) else {
        return;
    };
    if project.is_default_branch(branch) {
        found.report(
            named.map_or(status.value.span, |(span, _)| span),
            format!(
                "the session is in progress on {}, the default branch",
                shown(branch)
            ),
            "work on a branch, and close the session before it is merged",
        );
    }
}
