//! The copies of one session in several work trees: which of them knows more.

use serde::Serialize;

use crate::document::Document;
use crate::document::time::Timestamp;
use crate::store::Store;

/// How another copy is, compared with one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// It knows less: the log went on only here, or it was updated earlier.
    Older,
    /// It knows more.
    Newer,
    /// Each has entries of the log that the other one lacks, or both were updated at once.
    Diverged,
}

impl Relation {
    /// How `other` is, compared with `own`; `None` if they say the same.
    pub fn of(own: &Document, other: &Document) -> Option<Self> {
        if own.text == other.text {
            return None;
        }
        let lacks = |one: &Document, more: &Document| {
            let log = more.body.log(more.text);
            log.iter().any(|entry| {
                let heading = more.body.headings.get(entry.heading);
                let heading = heading.map_or("", |heading| heading.span.of(more.text).trim_end());
                !one.text.contains(heading) || !one.text.contains(entry.text.of(more.text))
            })
        };
        let updated = |document: &Document| document.frontmatter.last_updated().map(|at| at.at);
        Some(match (lacks(own, other), lacks(other, own)) {
            (true, false) => Self::Newer,
            (false, true) => Self::Older,
            (false, false) if updated(other) > updated(own) => Self::Newer,
            (false, false) if updated(other) < updated(own) => Self::Older,
            _ => Self::Diverged,
        })
    }
}

/// The copy in another work tree that it is better to go on with: its store, what it is, and when it
/// was updated.
pub fn ahead(
    store: &Store,
    name: &str,
    own: &Document,
) -> Option<(Store, Relation, Option<Timestamp>)> {
    let updated = |document: &Document| document.frontmatter.last_updated().map(|at| at.at);
    let copies = store.other_work_trees().into_iter().filter_map(|store| {
        let source = store.read(name).ok()?;
        let document = Document::parse(&source);
        let (relation, at) = (Relation::of(own, &document)?, updated(&document));
        let ahead = match relation {
            Relation::Newer => true,
            Relation::Older => false,
            Relation::Diverged => at > updated(own),
        };
        ahead.then_some((store, relation, at))
    });
    copies.max_by_key(|(_, _, at)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Source;

    fn relation(own: (u8, &[&str]), other: (u8, &[&str])) -> Option<Relation> {
        let source = |(minute, entries): (u8, &[&str])| {
            let log = entries.iter().enumerate().map(|(index, text)| {
                format!("### 2025-12-04 14:3{index} - dev/progress\n\n{text}\n\n")
            });
            let log: String = log.collect();
            let head = format!("session:\n  last_updated: \"2025-12-04T14:4{minute}:00Z\"\n");
            Source::new(format!("---\n{head}---\n\n## Session Log\n\n{log}").into_bytes())
        };
        let (own, other) = (source(own), source(other));
        Relation::of(&Document::parse(&own), &Document::parse(&other))
    }

    #[test]
    fn the_log_tells_before_the_clock_does() {
        use Relation::{Diverged, Newer, Older};
        for (own, other, expected) in [
            ((1, &["a"][..]), (1, &["a"][..]), None),
            ((1, &["a"]), (2, &["a", "b"]), Some(Newer)),
            ((9, &["a"]), (2, &["a", "b"]), Some(Newer)),
            ((2, &["a", "b"]), (9, &["a"]), Some(Older)),
            ((2, &["a", "b"]), (3, &["a", "c"]), Some(Diverged)),
            ((1, &["a"]), (2, &["a"]), Some(Newer)),
            ((2, &["a"]), (1, &["a"]), Some(Older)),
        ] {
            assert_eq!(relation(own, other), expected, "{own:?} {other:?}");
        }
    }
}
