//! Makes the changes that findings carry.
//!
//! Fixes that do not touch each other are made together, and the result is checked again, because
//! one fix can make room for the next: a section that got its name back has entries that can be
//! put in order. It ends when there is nothing left to fix.

use super::{Settings, check};
use crate::document::{Document, Source, Span, Splice};
use crate::rules::{Finding, Rule, Safety};

/// More rounds than any honest file takes; two rules that undo each other must not go on forever.
const ROUNDS: usize = 20;

/// What became of a file.
#[derive(Debug)]
pub struct Fixed {
    /// Its new bytes.
    pub bytes: Vec<u8>,
    /// The rules whose findings were fixed, once for every fix.
    pub rules: Vec<&'static Rule>,
}

/// Whether a finding has a fix that is at most as unsafe as `allowed`.
pub fn is_fixable(finding: &Finding, allowed: Safety) -> bool {
    let fix = finding.fix.as_ref();
    fix.is_some_and(|fix| fix.safety <= allowed && !fix.splices.is_empty())
}

/// Makes the fixes of the findings that are `wanted`; `None` when there are none.
pub fn fix(
    file_name: &str,
    source: &Source,
    settings: Settings<'_>,
    wanted: impl Fn(&Finding) -> bool,
) -> Option<Fixed> {
    let mut fixed = Fixed {
        bytes: source.bytes().to_vec(),
        rules: Vec::new(),
    };
    let mut seen = vec![fixed.bytes.clone()];
    for _ in 0..ROUNDS {
        let source = Source::new(fixed.bytes.clone());
        let mut findings = check(file_name, &source, settings);
        findings.retain(&wanted);
        let Some((bytes, rules)) = round(&source, &findings) else {
            break;
        };
        if seen.contains(&bytes) {
            break;
        }
        seen.push(bytes.clone());
        fixed.bytes = bytes;
        fixed.rules.extend(rules);
    }
    (!fixed.rules.is_empty()).then_some(fixed)
}

/// A fix of a rule.
type Candidate<'f> = (&'static Rule, &'f [Splice]);

/// Makes as many of the fixes as do not touch each other and are not refused.
fn round(source: &Source, findings: &[Finding]) -> Option<(Vec<u8>, Vec<&'static Rule>)> {
    let document = Document::parse(source);
    let mut fixes: Vec<Candidate> = findings
        .iter()
        .filter_map(|finding| Some((finding.rule, finding.fix.as_ref()?.splices.as_slice())))
        .collect();
    fixes.sort_by_key(|(_, splices)| hull(splices));
    let mut end = None;
    fixes.retain(|(_, splices)| {
        let hull = hull(splices);
        let free = end.is_none_or(|end| hull.start > end);
        end = if free { Some(hull.end) } else { end };
        free
    });
    let (bytes, made) = possible(&document, &fixes)?;
    Some((bytes, made.into_iter().map(|(rule, _)| rule).collect()))
}

/// Makes all of the fixes. If that is refused, it is one of them that is in the way: each half is
/// tried on its own.
fn possible<'f>(
    document: &Document<'_>,
    fixes: &[Candidate<'f>],
) -> Option<(Vec<u8>, Vec<Candidate<'f>>)> {
    if fixes.is_empty() {
        return None;
    }
    let made = |fixes: &[Candidate<'f>]| {
        let all: Vec<Splice> = fixes.iter().flat_map(|(_, s)| s.iter().cloned()).collect();
        Some((document.patch(&all).ok()?, fixes.to_vec()))
    };
    if let Some(done) = made(fixes) {
        return Some(done);
    }
    if fixes.len() == 1 {
        return None;
    }
    let (left, right) = fixes.split_at_checked(fixes.len() / 2)?;
    match (possible(document, left), possible(document, right)) {
        (Some(left), Some(right)) => {
            let both = [left.1.as_slice(), right.1.as_slice()].concat();
            made(&both).or(Some(left))
        }
        (left, right) => left.or(right),
    }
}

/// From the first change to the last.
fn hull(splices: &[Splice]) -> Span {
    let spans = splices.iter().map(|(span, _)| *span);
    spans.reduce(Span::joined).unwrap_or_default()
}
