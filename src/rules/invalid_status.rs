use super::context::{Context, Findings, Safety, shown};
use super::rule::declare;
use crate::document::Status;

declare! {
    /// The session's status is not one of the three.
    ///
    /// ## What it checks
    ///
    /// `session.status` is `in_progress`, `paused` or `completed`, in exactly this spelling.
    ///
    /// ## Why
    ///
    /// What is asked of a session, and whether it counts as work in progress, hangs on this word.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   status: done
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   status: completed
    /// ```
    ///
    /// ## Fix
    ///
    /// The same word in other letters or with other separators (`In-Progress`) is respelled: safe. A
    /// word from another scheme (`done`, `active`, `on hold`) is translated: unsafe, because schemes
    /// differ.
    "AS108", "invalid-status", Frontmatter, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some(value) = cx.entry(&["session", "status"]).map(|entry| &entry.value) else {
        return;
    };
    let Some(status) = value.text().filter(|_| !value.is_null()) else {
        return;
    };
    if status.trim().is_empty() || Status::parse(status).is_some() {
        return;
    }
    let help = match Status::guess(status) {
        Some(meant) => format!("write `{}`", meant.as_str()),
        None => "write one of `in_progress`, `paused`, `completed`".into(),
    };
    found.report(
        value.span,
        format!("`{}` is not a status of a session", shown(status)),
        help,
    );
    if let Some(meant) = Status::guess(status) {
        let safety = spelling(status, meant.as_str());
        found.fix(safety, cx.reworded(value, meant.as_str()));
    }
}

/// How sure it is that a word is meant as `known`: safe if it is the same word, spelled otherwise.
pub(super) fn spelling(word: &str, known: &str) -> Safety {
    let letters = |text: &str| text.replace(['_', '-', ' '], "").to_ascii_lowercase();
    if letters(word) == letters(known) {
        Safety::Safe
    } else {
        Safety::Unsafe
    }
}
