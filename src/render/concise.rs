use std::io::{self, Write};

use super::one_line;
use crate::document::Positions;
use crate::lint::{Report, Safety};

/// One line a finding, `path:line:column: error[name CODE] message`, for editors and `grep`. What
/// can be fixed ends with `[fixable]`, or `[unsafe fix]`.
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
            let (severity, rule) = (finding.severity, finding.rule);
            let fix = match finding.fix.as_ref().map(|fix| fix.safety) {
                None => "",
                Some(Safety::Safe) => " [fixable]",
                Some(Safety::Unsafe) => " [unsafe fix]",
            };
            writeln!(
                out,
                "{path}:{line}:{column}: {severity}[{} {}] {}{fix}",
                rule.name,
                rule.code,
                one_line(&finding.message)
            )?;
        }
    }
    Ok(())
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
            "a␊b␛.md:1:1: error[file-name AS001] the file name does not begin with a time \
             `YYYYMMDD-HHMMSS`\n\
             a␊b␛.md:1:1: error[missing-frontmatter AS101] the file is empty\n"
        );
    }
}
