use super::context::{Context, Findings, shown};
use super::rule::declare;

declare! {
    /// The issue and its address are not of the same issue.
    ///
    /// ## What it checks
    ///
    /// An address in `session.linear_url` that has the form `https://linear.app/…/issue/ID` has
    /// the id that `session.linear_issue` holds, letter case aside.
    ///
    /// ## Why
    ///
    /// People follow the address, and tools go by the id.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   linear_issue: "BACK-123"
    ///   linear_url: "https://linear.app/acme/issue/BACK-132"
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   linear_issue: "BACK-123"
    ///   linear_url: "https://linear.app/acme/issue/BACK-123"
    /// ```
    "AS116", "issue-url-mismatch", Frontmatter, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some((_, issue)) = cx.text(&["session", "linear_issue"]) else {
        return;
    };
    let Some((span, url)) = cx.text(&["session", "linear_url"]) else {
        return;
    };
    let (Some(issue), Some(other)) = (named(issue).or(id(issue)), named(url)) else {
        return;
    };
    if !other.eq_ignore_ascii_case(issue) {
        found.report(
            span,
            format!(
                "`linear_url` is the address of `{}`, but `linear_issue` is `{}`",
                shown(other),
                shown(issue)
            ),
            "correct the one that is wrong",
        );
    }
}

/// The issue that an address of Linear names.
fn named(url: &str) -> Option<&str> {
    let path = url.strip_prefix("https://linear.app/")?;
    let (_, issue) = path.split_once("/issue/")?;
    id(issue.split(['/', '?', '#']).next()?)
}

/// `text`, if it is letters and digits, a hyphen and a number.
fn id(text: &str) -> Option<&str> {
    let (team, number) = text.split_once('-')?;
    let is_team = !team.is_empty() && team.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_team && is_number).then_some(text)
}
