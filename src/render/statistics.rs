use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{SCHEMA_VERSION, write_json};
use crate::lint::{Report, Safety};

#[derive(Serialize)]
struct Output {
    schema_version: u32,
    checked: usize,
    errors: usize,
    warnings: usize,
    statistics: Vec<Count>,
}

#[derive(Serialize)]
struct Count {
    rule: &'static str,
    code: &'static str,
    #[serde(rename = "count")]
    findings: usize,
    fixable: usize,
    unsafe_fixable: usize,
}

/// How many findings each rule has, the most first, one line a rule.
///
/// # Errors
///
/// When it cannot be written.
pub fn statistics(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let counts = counts(report);
    let digits = |count: &Count| count.findings.to_string().len();
    let width = counts.first().map_or(0, digits);
    for count in &counts {
        let fixable = match (count.fixable, count.unsafe_fixable) {
            (0, 0) => String::new(),
            (all, _) if all == count.findings => " [fixable]".to_owned(),
            (_, all) if all == count.findings => " [unsafe fix]".to_owned(),
            (safe, 0) => format!(" [{safe} fixable]"),
            (0, more) => format!(" [{more} unsafe fix]"),
            (safe, more) => format!(" [{safe} fixable, {more} unsafe fix]"),
        };
        let Count { rule, code, .. } = count;
        writeln!(out, "{:>width$}  {code}  {rule}{fixable}", count.findings)?;
    }
    Ok(())
}

/// The same as one JSON object. `fixable` is how many of them a safe fix removes,
/// `unsafe_fixable` how many an unsafe one.
///
/// # Errors
///
/// When it cannot be written.
pub fn statistics_json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let output = Output {
        schema_version: SCHEMA_VERSION,
        checked: report.checked,
        errors: report.errors(),
        warnings: report.warnings(),
        statistics: counts(report),
    };
    write_json(&output, out)
}

fn counts(report: &Report) -> Vec<Count> {
    let mut counts = BTreeMap::new();
    for (_, finding) in report.findings() {
        let (rule, code) = (finding.rule.name, finding.rule.code);
        let count = counts.entry(code).or_insert(Count {
            rule,
            code,
            findings: 0,
            fixable: 0,
            unsafe_fixable: 0,
        });
        count.findings += 1;
        match finding.fix.as_ref().map(|fix| fix.safety) {
            Some(Safety::Safe) => count.fixable += 1,
            Some(Safety::Unsafe) => count.unsafe_fixable += 1,
            None => {}
        }
    }
    let mut counts: Vec<_> = counts.into_values().collect();
    counts.sort_by_key(|count| Reverse(count.findings));
    counts
}
