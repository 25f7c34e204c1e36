use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::fixes::{Count, counts};
use super::mask::publishable;
use super::{Versioned, fixed, write_json};
use crate::document::{Place, Positions, Span};
use crate::lint::{Fix, Report, Safety, Severity};

/// The findings of a check as data. Lines and columns begin at 1 and columns count characters;
/// `start` and `end` are offsets in bytes, `end` behind the last one.
#[derive(Serialize, JsonSchema)]
pub struct Diagnosis<'a> {
    checked: usize,
    errors: usize,
    warnings: usize,
    fixed: usize,
    fixes: Vec<Fixes>,
    findings: Vec<Entry<'a>>,
}

/// What was fixed in a file.
#[derive(Serialize, JsonSchema)]
struct Fixes {
    path: String,
    rules: Vec<Count>,
}

#[derive(Serialize, JsonSchema)]
struct Entry<'a> {
    rule: &'a str,
    code: &'a str,
    severity: Severity,
    message: &'a str,
    help: Option<&'a str>,
    path: String,
    #[serde(flatten)]
    place: Place,
    start: usize,
    end: usize,
    fix: Option<FixEntry<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct FixEntry<'a> {
    safety: Safety,
    edits: Option<Vec<Edit<'a>>>,
}

#[derive(Serialize, JsonSchema)]
struct Edit<'a> {
    #[serde(flatten)]
    place: Place,
    start: usize,
    end: usize,
    text: &'a str,
}

/// One JSON object.
///
/// # Errors
///
/// When it cannot be written.
pub fn json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write_json(&Versioned::new(Diagnosis::new(report)), out)
}

impl<'a> Diagnosis<'a> {
    /// Takes them from a report.
    pub fn new(report: &'a Report) -> Self {
        let (mut fixes, mut findings) = (Vec::new(), Vec::new());
        for file in &report.files {
            let path = file.path.to_string_lossy();
            if !file.fixed.is_empty() {
                fixes.push(Fixes {
                    path: path.clone().into_owned(),
                    rules: counts(file),
                });
            }
            let positions = Positions::new(file.source.text());
            for finding in &file.findings {
                findings.push(Entry {
                    rule: finding.rule.name,
                    code: finding.rule.code,
                    severity: finding.severity,
                    message: &finding.message,
                    help: finding.help.as_deref(),
                    path: path.clone().into_owned(),
                    place: positions.place(finding.span),
                    start: finding.span.start,
                    end: finding.span.end,
                    fix: finding
                        .fix
                        .as_ref()
                        .map(|fix| FixEntry::new(fix, &positions)),
                });
            }
        }
        Self {
            checked: report.checked,
            errors: report.errors(),
            warnings: report.warnings(),
            fixed: fixed(report),
            fixes,
            findings,
        }
    }
}

impl<'a> FixEntry<'a> {
    fn new(fix: &'a Fix, positions: &Positions<'_>) -> Self {
        let edit = |(span, text): &'a (Span, String)| Edit {
            place: positions.place(*span),
            start: span.start,
            end: span.end,
            text,
        };
        Self {
            safety: fix.safety,
            edits: publishable(fix).map(|edits| edits.iter().map(edit).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::document::time::Timestamp;
    use crate::lint::{Settings, check_all};

    #[test]
    fn places_are_given_in_characters_and_in_bytes() {
        let text = "---\nü: { session: 1 }\nsession:\n  \"status\": dönne\n---\n";
        let read = |_: &std::path::Path| Ok(text.into());
        let paths = ["20251204-143000-a.md".into()];
        let report = check_all(
            &paths,
            read,
            Settings::new(&Config::default(), Timestamp::UNIX_EPOCH),
        );
        let mut out = Vec::new();
        json(&report, &mut out).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            (&json["schema_version"], &json["checked"]),
            (&1.into(), &1.into())
        );
        assert_eq!(json["errors"], report.errors());
        let findings = json["findings"].as_array().unwrap();
        let status = findings
            .iter()
            .find(|f| f["rule"] == "invalid-status")
            .unwrap();
        let expected = serde_json::json!({
            "rule": "invalid-status",
            "code": "AS108",
            "severity": "error",
            "message": "`dönne` is not a status of a session",
            "help": "write one of `in_progress`, `paused`, `completed`",
            "path": "20251204-143000-a.md",
            "line": 4, "column": 13, "end_line": 4, "end_column": 18,
            "start": 44, "end": 50,
            "fix": null,
        });
        assert_eq!(status, &expected);
    }
}
