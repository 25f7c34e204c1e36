use super::context::{Context, Findings, shown};
use super::rule::declare;
use crate::document::schema::{FILES_MODIFIED, TECHNICAL_CONTEXT, same_name};
use crate::document::{Item, Span, named_path};

declare! {
    /// A file that the session names does not exist.
    ///
    /// ## What it checks
    ///
    /// Every item of Files Modified, and of `### Files to Update` in Technical Context, that begins
    /// with a path or has one in backticks, names a file or folder of the repository. Items that
    /// speak of a file that comes or goes (`new`, `added`, `deleted`, `renamed`…) are passed over,
    /// and so is a session whose branch is not the one that is checked out.
    ///
    /// ## Why
    ///
    /// Whoever goes on looks for the file, and `close` cannot prove that it is committed.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ## Files Modified
    ///
    /// - `src/wether.rs` - the fallback
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ## Files Modified
    ///
    /// - `src/weather.rs` - the fallback
    /// ```
    "AS601", "missing-file", References, Warning, check
}

/// The part of Technical Context that lists files.
const FILES_TO_UPDATE: &str = "Files to Update";

/// With these an item says that the file is not there any more, or not yet.
const COMES_OR_GOES: [&str; 14] = [
    "new", "create", "created", "add", "added", "delete", "deleted", "remove", "removed", "rename",
    "renamed", "move", "moved", "gone",
];

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some(project) = cx.project else { return };
    let document = cx.document;
    let mut named = files(cx).peekable();
    if named.peek().is_none() {
        return;
    }
    let branch = cx.text(&["session", "branch"]);
    if branch.is_some_and(|(_, branch)| project.branch().is_some_and(|here| here != branch)) {
        return;
    }
    for item in named {
        let text = item.text.of(document.text);
        let path = named_path(text);
        let mut words = text.split(|c: char| !c.is_alphabetic());
        let comes_or_goes = words.any(|word| {
            let mut known = COMES_OR_GOES.iter();
            known.any(|known| known.eq_ignore_ascii_case(word))
        });
        if is_path(path) && !comes_or_goes && !project.has_path(path) {
            let start = item.text.start + text.find(path).unwrap_or(0);
            found.report(
                Span::new(start, start + path.len()),
                format!("there is no file {}", shown(path)),
                "correct the path, relative to the root of the project; write `(new)` or \
                 `(deleted)` behind it if that is why",
            );
        }
    }
}

/// The items that list files.
fn files<'c>(cx: &'c Context<'_>) -> impl Iterator<Item = &'c Item> {
    let body = &cx.document.body;
    let modified = body.items_in(FILES_MODIFIED);
    let update = body.items_in(TECHNICAL_CONTEXT).filter(|(_, item)| {
        let heading = item.heading.and_then(|index| body.headings.get(index));
        heading.is_some_and(|heading| same_name(&heading.title, FILES_TO_UPDATE))
    });
    modified.chain(update).map(|(_, item)| item)
}

/// Whether this can only be a path within the repository.
fn is_path(text: &str) -> bool {
    let outside = text.starts_with(['/', '~']) || text.contains("..") || text.contains("://");
    let pattern = text.contains(['*', '?', '{', '[', '<', '$', '(', ' ', '\\', '…', '|', '@']);
    let named = text.contains('/')
        || text.rsplit_once('.').is_some_and(|(stem, end)| {
            !stem.is_empty() && end.len() <= 5 && end.starts_with(|c: char| c.is_ascii_alphabetic())
        });
    named && !outside && !pattern
}
