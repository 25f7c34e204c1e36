use std::io::{self, Write};

use super::{Positions, one_line, summary};
use crate::lint::Report;

/// One line a finding, `path:line:column: error[name] message`, for editors and `grep`.
///
/// # Errors
///
/// When it cannot be written.
pub fn concise(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        let path = file.path.to_string_lossy();
        let path = one_line(&path);
        let positions = Positions::new(file.source.text());
        for finding in &file.findings {
            let (line, column) = positions.of(finding.span.start);
            let (severity, name) = (finding.severity, finding.rule.name);
            let message = one_line(&finding.message);
            writeln!(out, "{path}:{line}:{column}: {severity}[{name}] {message}")?;
        }
    }
    writeln!(out, "{}", summary(report))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::document::time::Timestamp;
    use crate::lint::{Settings, check_all};

    #[test]
    fn a_finding_is_one_line_whatever_the_file_is_called() {
        let paths = ["a\nb\u{1b}.md".into()];
        let report = check_all(
            &paths,
            |_| Ok(Vec::new()),
            Settings::new(&Config::default(), Timestamp::UNIX_EPOCH),
        );
        let mut out = Vec::new();
        concise(&report, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "a␊b␛.md:1:1: error[file-name] the file name does not begin with a time \
             `YYYYMMDD-HHMMSS`\n\
             a␊b␛.md:1:1: error[missing-frontmatter] the file is empty\n\
             Checked 1 file: 2 errors\n"
        );
    }
}
