use std::path::Path;

use similar::TextDiff;

use super::mask::masked;
use super::{one_line, sanitize};
use crate::document::Source;

/// What becomes of a file, in the form that `patch` and `git apply` read. Secrets are not shown:
/// they are masked before the texts are cut into lines, for some have several.
pub fn diff(paths: [&Path; 2], before: &Source, after: &Source) -> String {
    let names = paths.map(|path| one_line(&path.to_string_lossy()).into_owned());
    let [old, new] = &names;
    let (before, after) = (masked(before.text()), masked(after.text()));
    let diff = TextDiff::from_lines(before.as_ref(), after.as_ref());
    let mut unified = diff.unified_diff();
    let text = unified.context_radius(2).header(old, new).to_string();
    // A patch that lost carriage returns would fit no file that has them.
    let lines = text.split_inclusive('\n');
    lines.fold(String::new(), |all, line| match line.strip_suffix("\r\n") {
        Some(line) => all + &sanitize(line) + "\r\n",
        None => all + &sanitize(line),
    })
}
