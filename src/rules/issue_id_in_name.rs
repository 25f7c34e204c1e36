use super::context::{Context, Findings, shown};
use super::rule::declare;
use crate::document::{Span, file_name, slugify};

declare! {
    /// The file name contains the id of the session's issue.
    ///
    /// ## What it checks
    ///
    /// The slug does not contain the id, such as `BACK-123`, that `linear_issue` or `issue` holds.
    /// Other words that look like an id are left alone.
    ///
    /// ## Why
    ///
    /// Issues are moved, renumbered and split, and the name of a session never changes. The id has
    /// its place in the frontmatter, where commands find the session by it.
    ///
    /// ## Example
    ///
    /// ```text
    /// 20251204-143000-back-123-weather-fallback.md
    /// ```
    ///
    /// ## Instead
    ///
    /// ```text
    /// 20251204-143000-weather-fallback.md
    /// ```
    "AS003", "issue-id-in-name", Name, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some(name) = cx.name else {
        return;
    };
    for key in ["linear_issue", "issue"] {
        let Some((_, id)) = cx.text(&["session", key]).filter(|(_, id)| is_id(id)) else {
            continue;
        };
        let Some((before, after)) = split_at_id(name.slug, id) else {
            continue;
        };
        let words = match format!("{before} {after}") {
            words if words.trim().is_empty() => {
                cx.document.frontmatter.title().unwrap_or("").into()
            }
            words => words,
        };
        let slug = slugify(&words);
        let rename = match split_at_id(&slug, id) {
            None => format!("rename it to `{}`", file_name(name.created, &slug, 1)),
            Some(_) => "rename it after what the work is".into(),
        };
        found.report(
            Span::at(0),
            format!("the file name contains the issue id `{}`", shown(id)),
            format!("{rename}: the id has its place in `session.{key}`"),
        );
        return;
    }
}

/// Whether `text` is letters and digits, a hyphen and a number, as ids in a name can be.
fn is_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(team, number)| {
        team.starts_with(|c: char| c.is_ascii_alphabetic())
            && team.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What stands before and behind `id` in `slug`, where it stands as words of its own.
fn split_at_id<'s>(slug: &'s str, id: &str) -> Option<(&'s str, &'s str)> {
    let starts = slug.match_indices('-').map(|(at, _)| at + 1);
    std::iter::once(0).chain(starts).find_map(|start| {
        let (before, rest) = slug.split_at_checked(start)?;
        let (word, after) = rest.split_at_checked(id.len())?;
        (word.eq_ignore_ascii_case(id) && (after.is_empty() || after.starts_with('-')))
            .then_some((before, after))
    })
}
