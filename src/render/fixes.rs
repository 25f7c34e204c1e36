use std::fmt::Write as _;

use super::{fixed, one_line};
use crate::lint::Report;

/// What was fixed: each file, and below it the rules with the number of their findings.
pub fn fixes(report: &Report) -> String {
    let mut text = match fixed(report) {
        0 => "Fixed nothing\n".to_owned(),
        1 => "Fixed 1 finding:\n".to_owned(),
        total => format!("Fixed {total} findings:\n"),
    };
    for file in report.files.iter().filter(|file| !file.fixed.is_empty()) {
        let path = file.path.to_string_lossy();
        let _ = writeln!(text, "  {}", one_line(&path));
        let mut names: Vec<_> = file.fixed.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        for same in names.chunk_by(|a, b| a == b) {
            if let Some(name) = same.first() {
                let _ = writeln!(text, "    {name} ({})", same.len());
            }
        }
    }
    text
}
