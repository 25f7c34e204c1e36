use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::lint::Finding;

/// Names the findings of one file so that each keeps its name while lines move around it: by path,
/// rule, message, and which of those with the same message it is.
#[derive(Debug)]
pub(super) struct Fingerprints<'p> {
    path: &'p str,
    seen: HashMap<(&'static str, String), usize>,
}

impl<'p> Fingerprints<'p> {
    pub fn new(path: &'p str) -> Self {
        Self {
            path,
            seen: HashMap::new(),
        }
    }

    /// The fingerprint of the next finding of the file, 64 hexadecimal digits.
    pub fn next(&mut self, finding: &Finding) -> String {
        let code = finding.rule.code;
        let message = without_numbers(&finding.message);
        let mut hash = Sha256::new();
        for part in [self.path, code, &message] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let index = self.seen.entry((code, message)).or_default();
        hash.update(index.to_string().as_bytes());
        *index += 1;
        let hash = hash.finalize();
        hash.iter().fold(String::new(), |mut digits, byte| {
            let _ = write!(digits, "{byte:02x}");
            digits
        })
    }
}

/// A message without the numbers that are words: lines move, and days go by.
fn without_numbers(message: &str) -> String {
    let number = |word: &&str| {
        let digits = word.trim_end_matches(|c: char| c.is_ascii_punctuation());
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let words = message.split(' ').filter(|word| !number(word));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Span;
    use crate::lint::Severity;
    use crate::rules::RULES;

    fn finding(message: &str, at: usize) -> Finding {
        Finding {
            rule: RULES[0],
            severity: Severity::Error,
            message: message.into(),
            span: Span::at(at),
            help: None,
            fix: None,
        }
    }

    #[test]
    fn a_fingerprint_is_unique_and_survives_lines_added_above_and_days_going_by() {
        let all = |offset: usize, path| {
            let mut prints = Fingerprints::new(path);
            let line = format!("since line {}, for {offset} days", 3 + offset);
            ["a", "b", "a", &line, &line]
                .map(|message| prints.next(&finding(message, 10 * (1 + offset))))
        };
        let before = all(0, "a.md");
        assert_eq!(before, all(7, "a.md"));
        assert!(before.iter().all(|print| print.len() == 64));
        let mut unique = before.to_vec();
        unique.extend(all(0, "b.md"));
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), 10);
    }
}
