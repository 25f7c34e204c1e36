use std::path::Path;

use super::{Store, files};
use crate::document::{Document, Source};

/// The architecture decision records of a repository, known by their headings.
#[derive(Debug)]
pub struct DecisionRecords {
    /// In plain form, whatever number stands before them.
    headings: Vec<String>,
}

impl Store {
    /// The records in the configured folder; a folder that is missing has none.
    pub fn decision_records(&self) -> DecisionRecords {
        DecisionRecords {
            headings: headings_below(&self.root.join(&self.config.close.decisions)),
        }
    }
}

impl DecisionRecords {
    /// Whether one of them has this title as a heading.
    pub fn has(&self, title: &str) -> bool {
        let title = plain(title);
        !title.is_empty() && self.headings.contains(&title)
    }
}

/// The headings of all Markdown files at the top of a folder, in the plain form.
fn headings_below(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter(|file| file.path().extension().is_some_and(|end| end == "md"))
        .filter_map(|file| files::read(&file.path()).ok())
        .flat_map(|bytes| {
            let source = Source::new(bytes);
            let document = Document::parse(&source);
            let headings = document.body.headings.iter();
            headings
                .map(|heading| unnumbered(&plain(&heading.title)).to_owned())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Letters and digits in lower case, words apart by one space.
fn plain(text: &str) -> String {
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
