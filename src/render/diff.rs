use std::path::Path;

use similar::TextDiff;

use super::{one_line, sanitize};
use crate::document::Source;
use crate::document::secrets::redact;

/// What becomes of a file, in the form that `patch` and `git apply` read. Secrets are not shown.
pub fn diff(paths: [&Path; 2], before: &Source, after: &Source) -> String {
    let names = paths.map(|path| one_line(&path.to_string_lossy()).into_owned());
    let [old, new] = &names;
    let diff = TextDiff::from_lines(before.text(), after.text());
    let mut unified = diff.unified_diff();
    let text = unified.context_radius(2).header(old, new).to_string();
    sanitize(&redact(&text).0).into_owned()
}
