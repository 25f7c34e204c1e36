use std::collections::HashSet;
use std::io::{self, Write};

use super::one_line;
use crate::document::Positions;
use crate::lint::{Report, Safety, Severity};

/// Longest help, in characters.
const HELP: usize = 120;

/// What an agent needs to act, in few tokens: findings by file, then for each rule, once, what to do
/// about what no safe fix removes.
///
/// # Errors
///
/// When it cannot be written.
pub fn agent(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (mut said, mut helps) = (HashSet::new(), Vec::new());
    for file in &report.files {
        if file.findings.is_empty() {
            continue;
        }
        writeln!(out, "{}", one_line(&file.path.to_string_lossy()))?;
        let positions = Positions::new(file.source.text());
        for finding in &file.findings {
            let (line, column) = positions.of(finding.span.start);
            let (name, message) = (finding.rule.name, one_line(&finding.message));
            let warning = match finding.severity {
                Severity::Error => "",
                Severity::Warning => "warning ",
            };
            writeln!(out, "{line}:{column} {warning}{name} {message}")?;
            let fix = finding.fix.as_ref();
            let safe = fix.is_some_and(|fix| fix.safety == Safety::Safe);
            let help = finding.help.as_deref().filter(|_| !safe);
            helps.extend(help.filter(|_| said.insert(name)).map(|help| (name, help)));
        }
    }
    for (name, help) in helps {
        let help = one_line(help);
        let (help, more) = match help.char_indices().nth(HELP) {
            None => (&*help, ""),
            Some((end, _)) => (help.get(..end).unwrap_or(""), "…"),
        };
        writeln!(out, "{name}: {help}{more}")?;
    }
    Ok(())
}
