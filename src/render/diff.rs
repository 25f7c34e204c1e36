use std::path::Path;

use similar::TextDiff;

use super::{one_line, sanitize};
use crate::document::Source;
use crate::document::secrets::redact;

/// What becomes of a file, in the form that `patch` and `git apply` read. Secrets are not shown.
pub fn diff(path: &Path, before: &Source, after: &Source) -> String {
    let name = path.to_string_lossy();
    let name = one_line(&name);
    let diff = TextDiff::from_lines(before.text(), after.text());
    let mut unified = diff.unified_diff();
    let text = unified.context_radius(2).header(&name, &name).to_string();
    sanitize(&redact(&text).0).into_owned()
}
