//! Architecture decision records: which there are, and how the next one is named.

use std::path::{Path, PathBuf};

use super::{Before, Store, files};
use crate::document::{Document, Source, slugify};
use crate::error::{Error, Kind, Result};

/// The architecture decision records of a repository, known by their headings.
#[derive(Debug)]
pub struct DecisionRecords {
    /// In plain form, whatever number stands before them.
    headings: Vec<String>,
    scheme: Scheme,
}

/// How the records of a folder are named: `0007-title.md`, `7-title.md`, `adr-007-title.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Scheme {
    prefix: String,
    /// Digits of a number, padded with zeros.
    width: usize,
    separator: char,
    /// The number that comes next.
    next: u32,
}

/// The most digits of a number; more are a date.
const DIGITS: usize = 5;

impl Store {
    /// The records in the configured folder; a folder that is missing has none.
    pub fn decision_records(&self) -> DecisionRecords {
        let folder = &self.config.close.decisions;
        let mut names = self.documents_in(folder);
        if !self.leads_inside(&self.root.join(folder)) {
            names.clear();
        }
        names.retain(|name| Path::new(name).extension().is_some_and(|end| end == "md"));
        let paths = names.iter().map(|name| self.root.join(folder).join(name));
        DecisionRecords {
            headings: paths.flat_map(|path| headings_of(&path)).collect(),
            scheme: Scheme::of(&names),
        }
    }

    /// Writes a record under the next number of the folder's scheme and returns its path, relative
    /// to the root. A name that is taken is left alone, and the number after it tried.
    ///
    /// # Errors
    ///
    /// When the folder leads out of the project or the operating system refuses.
    pub fn create_decision(&self, title: &str, bytes: &[u8], before: Before) -> Result<PathBuf> {
        let folder = &self.config.close.decisions;
        let mut scheme = self.decision_records().scheme;
        for _ in 0..1000 {
            let path = folder.join(scheme.name(title));
            before(&path, bytes)?;
            match self.create_document(&path, bytes) {
                Err(error) if error.kind == Kind::Ambiguous => scheme.next += 1,
                created => return created.map(|()| path),
            }
        }
        Err(Error::new(Kind::Io, "a thousand names are taken").at(folder, None))
    }
}

impl DecisionRecords {
    /// Whether one of them has this title as a heading.
    pub fn has(&self, title: &str) -> bool {
        let title = plain(title);
        !title.is_empty() && self.headings.contains(&title)
    }
}

impl Scheme {
    /// The scheme of the record with the highest number.
    fn of(names: &[String]) -> Self {
        let numbered: Vec<_> = names.iter().filter_map(|name| Self::parse(name)).collect();
        let padded = |(digits, _): &&(&str, Self)| digits.starts_with('0');
        let width = numbered
            .iter()
            .filter(padded)
            .map(|(digits, _)| digits.len());
        let width = width.max().unwrap_or(1);
        let last = numbered.into_iter().max_by_key(|(_, scheme)| scheme.next);
        match last {
            Some((_, scheme)) => Self { width, ..scheme },
            None => Self {
                prefix: String::new(),
                width: 4,
                separator: '-',
                next: 1,
            },
        }
    }

    fn parse(name: &str) -> Option<(&str, Self)> {
        let start = name.find(|c: char| c.is_ascii_digit())?;
        let (prefix, rest) = name.split_at_checked(start)?;
        let word = prefix.trim_end_matches(['-', '_']);
        if !matches!(word.to_ascii_lowercase().as_str(), "" | "adr") {
            return None;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, rest) = rest.split_at_checked(end)?;
        let separator = rest
            .chars()
            .next()
            .filter(|c| matches!(c, '-' | '_' | '.'))?;
        if digits.len() > DIGITS {
            return None;
        }
        let scheme = Self {
            prefix: prefix.to_owned(),
            width: 1,
            separator: if rest == ".md" { '-' } else { separator },
            next: digits.parse::<u32>().ok()? + 1,
        };
        Some((digits, scheme))
    }

    fn name(&self, title: &str) -> String {
        let Self {
            prefix,
            width,
            separator,
            next,
        } = self;
        format!("{prefix}{next:0width$}{separator}{}.md", slugify(title))
    }
}

/// The titles of a Markdown file, in the plain form: its headings of the first level or, where it
/// has none, its first heading. What stands below them, such as `## Context`, is no title.
fn headings_of(path: &Path) -> Vec<String> {
    let Ok(bytes) = files::read(path) else {
        return Vec::new();
    };
    let source = Source::new(bytes);
    let document = Document::parse(&source);
    let headings = &document.body.headings;
    let titles = headings.iter().filter(|heading| heading.level == 1);
    let mut titles: Vec<_> = titles.collect();
    if titles.is_empty() {
        titles.extend(headings.first());
    }
    let titles = titles.into_iter();
    titles
        .map(|heading| unnumbered(&plain(&heading.title)).to_owned())
        .collect()
}

/// Letters and digits in lower case, words apart by one space: what is left of a text when
/// neither markup nor line breaks count.
pub fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").to_lowercase()
}

/// A heading in plain form without `adr` and a number before it.
fn unnumbered(heading: &str) -> &str {
    let rest = heading.strip_prefix("adr ").unwrap_or(heading);
    match rest.split_once(' ') {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_record_is_named_as_the_others_are() {
        for (names, expected) in [
            (&[][..], "0001-use-two.md"),
            (&["README.md", "template.md"], "0001-use-two.md"),
            (&["0007-a.md", "0002-b.md"], "0008-use-two.md"),
            (&["9-a.md"], "10-use-two.md"),
            (&["adr-007-a.md"], "adr-008-use-two.md"),
            (&["ADR_0099_a.md", "ADR_0100_b.md"], "ADR_0101_use-two.md"),
            (&["0001-a.md", "20250101-a-diary.md"], "0002-use-two.md"),
            (&["0999-a.md", "1000-b.md"], "1001-use-two.md"),
            (&["0001.md"], "0002-use-two.md"),
            (&["v2-plan.md"], "0001-use-two.md"),
        ] {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            assert_eq!(Scheme::of(&names).name("Use two"), expected, "{names:?}");
        }
    }
}
