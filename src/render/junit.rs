use std::borrow::Cow;
use std::io::{self, Write};

use super::one_line;
use crate::document::Positions;
use crate::lint::{Report, Severity};

/// `JUnit` XML: a suite for each file with findings, a case for each finding. An error is a failure;
/// a warning, which does not fail a check, is a skipped case. What is clean is one case that
/// passed, and a file that could not be read is an error.
///
/// # Errors
///
/// When it cannot be written.
pub fn junit(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (failures, skipped) = (report.errors(), report.warnings());
    let errors = report.unreadable.len();
    let with_findings = report.files.iter().filter(|file| !file.findings.is_empty());
    let clean = report.checked.saturating_sub(with_findings.clone().count());
    let rest = clean > 0 || report.checked == 0;
    let tests = failures + skipped + errors + usize::from(rest);
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="agentsess lint" tests="{tests}" failures="{failures}" errors="{errors}">"#
    )?;
    if rest {
        writeln!(
            out,
            r#"  <testsuite name="agentsess lint" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="agentsess lint" name="files without findings: {clean}"/>
  </testsuite>"#
        )?;
    }
    for error in &report.unreadable {
        let path = error.location.as_ref().map(|at| at.path.to_string_lossy());
        let path = xml(path.as_deref().unwrap_or("agentsess lint"));
        let message = xml(&error.message);
        writeln!(
            out,
            r#"  <testsuite name="{path}" tests="1" failures="0" errors="1" skipped="0">
    <testcase classname="{path}" name="read"><error type="unreadable" message="{message}"/></testcase>
  </testsuite>"#
        )?;
    }
    for file in with_findings {
        let path = file.path.to_string_lossy();
        let path = xml(&path);
        let positions = Positions::new(file.source.text());
        let tests = file.findings.len();
        let failures = file.findings.iter();
        let failures = failures.filter(|finding| finding.severity == Severity::Error);
        let failures = failures.count();
        writeln!(
            out,
            r#"  <testsuite name="{path}" tests="{tests}" failures="{failures}" errors="0" skipped="{}">"#,
            tests - failures
        )?;
        for finding in &file.findings {
            let (line, column) = positions.of(finding.span.start);
            let (name, code) = (finding.rule.name, finding.rule.code);
            let message = xml(&finding.message);
            let help = finding.help.as_deref();
            let help = help.map_or(String::new(), |help| format!("\nhelp: {}", xml(help)));
            let tag = match finding.severity {
                Severity::Error => "failure",
                Severity::Warning => "skipped",
            };
            writeln!(
                out,
                r#"    <testcase classname="{path}" name="{line}:{column} {name}">
      <{tag} type="{code}" message="{message}">{path}:{line}:{column}: {message}{help}</{tag}>
    </testcase>"#
            )?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// Text as content or as the value of an attribute, on one line. XML can hold neither control
/// characters nor the two that are no characters.
fn xml(text: &str) -> Cow<'_, str> {
    const SPECIAL: [char; 7] = ['&', '<', '>', '"', '\'', '\u{fffe}', '\u{ffff}'];
    let text = one_line(text);
    if !text.contains(SPECIAL) {
        return text;
    }
    let escaped = text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
        escaped
    });
    escaped.into()
}
