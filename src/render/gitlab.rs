use std::io::{self, Write};

use serde::Serialize;

use super::fingerprints::Fingerprints;
use super::write_json;
use crate::document::Positions;
use crate::lint::{Report, Severity};

#[derive(Serialize)]
struct Entry {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// A Code Quality report of GitLab: one JSON array. The paths must be relative to the top of the
/// repository.
///
/// # Errors
///
/// When it cannot be written.
pub fn gitlab(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut entries = Vec::new();
    for file in &report.files {
        let path = file.path.to_string_lossy();
        let positions = Positions::new(file.source.text());
        let mut fingerprints = Fingerprints::new(&path);
        for finding in &file.findings {
            let place = positions.place(finding.span);
            entries.push(Entry {
                description: match &finding.help {
                    Some(help) => format!("{}; {help}", finding.message),
                    None => finding.message.clone(),
                },
                check_name: finding.rule.name,
                fingerprint: fingerprints.next(finding),
                severity: match finding.severity {
                    Severity::Error => "major",
                    Severity::Warning => "minor",
                },
                location: Location {
                    path: path.clone().into_owned(),
                    lines: Lines {
                        begin: place.line,
                        end: place.end_line,
                    },
                },
            });
        }
    }
    write_json(&entries, out)
}
