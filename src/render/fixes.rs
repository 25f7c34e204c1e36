use std::fmt::Write as _;

use serde::Serialize;

use super::{fixed, one_line};
use crate::lint::{FileReport, Report};

/// How many findings of a rule were fixed.
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct Count {
    rule: &'static str,
    code: &'static str,
    #[serde(rename = "count")]
    findings: usize,
}

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
        for Count { rule, findings, .. } in counts(file) {
            let _ = writeln!(text, "    {rule} ({findings})");
        }
    }
    text
}

/// What was fixed in a file, by name.
pub(super) fn counts(file: &FileReport) -> Vec<Count> {
    let mut rules = file.fixed.clone();
    rules.sort_unstable_by_key(|rule| rule.name);
    let same = rules.chunk_by(|a, b| a.code == b.code);
    same.filter_map(|same| {
        let rule = same.first()?;
        Some(Count {
            rule: rule.name,
            code: rule.code,
            findings: same.len(),
        })
    })
    .collect()
}
