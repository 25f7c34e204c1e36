use std::cmp::Reverse;
use std::io::{self, Write};
use std::path::Path;

use super::{one_line, replaced};
use crate::document::Positions;
use crate::lint::{Report, Severity};

/// Workflow commands, from which GitHub makes annotations. It shows ten errors and ten warnings of
/// a step, so the errors come first. The paths must be relative to the top of the repository.
///
/// # Errors
///
/// When it cannot be written.
pub fn github(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for error in &report.unreadable {
        let place = error.location.as_ref();
        let file = place.map_or(String::new(), |at| format!("file={},", file(&at.path)));
        let message = data(&one_line(&error.to_string()));
        writeln!(out, "::error {file}title=agentsess::{message}")?;
    }
    let mut annotations = Vec::new();
    for report in &report.files {
        let path = report.path.to_string_lossy();
        let (path, file) = (one_line(&path), file(&report.path));
        let positions = Positions::new(report.source.text());
        for finding in &report.findings {
            let place = positions.place(finding.span);
            let (line, column) = (place.line, place.column);
            // Columns are refused for what goes over several lines.
            let columns = if place.end_line == line {
                format!(",col={column},endColumn={}", place.end_column)
            } else {
                String::new()
            };
            let (name, code) = (finding.rule.name, finding.rule.code);
            let mut message = format!("{path}:{line}:{column}: {}", one_line(&finding.message));
            if let Some(help) = &finding.help {
                message = message + "\nhelp: " + &one_line(help);
            }
            let command = format!(
                "::{} file={file},line={line},endLine={}{columns},title={}::{}",
                finding.severity,
                place.end_line,
                property(&format!("agentsess ({name} {code})")),
                data(&message)
            );
            annotations.push((finding.severity, command));
        }
    }
    annotations.sort_by_key(|(severity, _): &(Severity, _)| Reverse(*severity));
    for (_, command) in annotations {
        writeln!(out, "{command}")?;
    }
    Ok(())
}

/// The text behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A path as the value of a property. Line breaks can be escaped and stay.
fn file(path: &Path) -> String {
    property(&replaced(&path.to_string_lossy(), |c| {
        matches!(c, '\n' | '\r')
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Span;
    use crate::render::tests::report_of;

    #[test]
    fn errors_come_first_and_everything_is_escaped() {
        let mut report = report_of("one\ntwo\n", &[Span::new(0, 3), Span::new(1, 6)]);
        report.files[0].path = "a,b:%c\n\u{1b}.md".into();
        report.files[0].findings[0].severity = Severity::Warning;
        report.files[0].findings[1].message = "100 %\r\n::error::x".into();
        let mut out = Vec::new();
        github(&report, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "::error file=a%2Cb%3A%25c%0A␛.md,line=1,endLine=2,title=agentsess (file-name AS001)\
             ::a,b:%25c␊␛.md:1:2: 100 %25␍␊::error::x%0Ahelp: h\n\
             ::warning file=a%2Cb%3A%25c%0A␛.md,line=1,endLine=1,col=1,endColumn=4,\
             title=agentsess (file-name AS001)::a,b:%25c␊␛.md:1:1: m%0Ahelp: h\n"
        );
    }
}
