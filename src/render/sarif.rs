use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Component, Path};

use serde_json::{Map, Value, json};

use super::fingerprints::Fingerprints;
use super::mask::publishable;
use super::write_json;
use crate::document::{Place, Positions};
use crate::lint::{FileReport, Finding, Fix, Report, Rule, Severity};
use crate::rules::RULES;

/// What relative paths are relative to, by the name that GitHub knows.
const BASE: &str = "%SRCROOT%";

/// A SARIF 2.1.0 log as GitHub's code scanning takes it: every rule with its explanation, every
/// finding with its fix. The paths must be relative to the top of the repository.
///
/// # Errors
///
/// When it cannot be written.
pub fn sarif(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let notifications = report.unreadable.iter().map(|error| {
        let places = error.location.iter();
        let locations = places.map(
            |place| json!({ "physicalLocation": { "artifactLocation": artifact(&place.path) } }),
        );
        json!({
            "level": "error",
            "message": { "text": error.message },
            "locations": locations.collect::<Vec<_>>(),
        })
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "agentsess",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": RULES.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
                },
            },
            "invocations": [{
                "executionSuccessful": report.unreadable.is_empty(),
                "toolExecutionNotifications": notifications.collect::<Vec<_>>(),
            }],
            "originalUriBaseIds": {
                BASE: { "description": { "text": "The top of the repository." } },
            },
            "columnKind": "unicodeCodePoints",
            "results": report.files.iter().flat_map(results).collect::<Vec<_>>(),
        }],
    });
    write_json(&log, out)
}

fn descriptor(rule: &Rule) -> Value {
    let explanation = rule.explanation();
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": rule.summary() },
        "fullDescription": { "text": rule.summary() },
        "help": { "text": explanation, "markdown": explanation },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "tags": [rule.family],
            "problem.severity": level(rule.severity),
        },
    })
}

fn results(file: &FileReport) -> Vec<Value> {
    let positions = Positions::new(file.source.text());
    let path = file.path.to_string_lossy();
    let mut fingerprints = Fingerprints::new(&path);
    let artifact = artifact(&file.path);
    let result = |finding: &Finding| {
        let rule = RULES.iter().position(|rule| rule.code == finding.rule.code);
        let help = finding.help.as_deref().unwrap_or("");
        let fixes = finding.fix.iter();
        let fixes = fixes.filter_map(|fix| self::fix(fix, help, &artifact, &positions));
        json!({
            "ruleId": finding.rule.code,
            "ruleIndex": rule,
            "level": level(finding.severity),
            "message": { "text": message(finding) },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": artifact,
                    "region": region(&positions.place(finding.span)),
                },
            }],
            "partialFingerprints": { "agentsess/v1": fingerprints.next(finding) },
            "fixes": fixes.collect::<Vec<_>>(),
        })
    };
    file.findings.iter().map(result).collect()
}

fn fix(fix: &Fix, help: &str, artifact: &Value, positions: &Positions<'_>) -> Option<Value> {
    let replacements = publishable(fix)?.iter().map(|(span, text)| {
        json!({
            "deletedRegion": region(&positions.place(*span)),
            "insertedContent": { "text": text },
        })
    });
    let replacements: Vec<_> = replacements.collect();
    Some(json!({
        "description": { "text": help },
        "artifactChanges": [{ "artifactLocation": artifact, "replacements": replacements }],
        "properties": { "safety": fix.safety },
    }))
}

fn message(finding: &Finding) -> String {
    match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn region(place: &Place) -> Value {
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    })
}

/// A path as a URI reference, byte for byte.
pub fn uri(path: &[u8]) -> String {
    let mut uri = String::new();
    for byte in path {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(*byte));
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

fn artifact(path: &Path) -> Value {
    let mut uri = uri(path.as_os_str().as_encoded_bytes());
    let mut artifact = Map::new();
    let relative = matches!(path.components().next(), Some(Component::Normal(_)));
    if path.is_absolute() {
        uri.insert_str(0, "file://");
    }
    artifact.insert("uri".into(), uri.into());
    if relative {
        artifact.insert("uriBaseId".into(), BASE.into());
    }
    artifact.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn any_path_is_a_uri() {
        let uri = |bytes| artifact(Path::new(OsStr::from_bytes(bytes)));
        let relative = |uri: &str| json!({ "uri": uri, "uriBaseId": BASE });
        assert_eq!(uri(b"a/b.md"), relative("a/b.md"));
        assert_eq!(uri(b"c:%\n\xff.md"), relative("c%3A%25%0A%FF.md"));
        assert_eq!(uri(b"/x y.md"), json!({ "uri": "file:///x%20y.md" }));
        assert_eq!(uri(b"../x.md"), json!({ "uri": "../x.md" }));
    }
}
