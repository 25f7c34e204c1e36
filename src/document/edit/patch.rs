//! Patches: new text for some spans, made by whoever knows what is wrong there.
//!
//! A patch names bytes and not parts of a session, so its proof is about everything else: whatever
//! the parsers read outside of the spans they read again in the result, and nothing besides.

use super::{EditError, Splice, refused};
use crate::document::span::{Span, line_start};
use crate::document::yaml::{Kind, Node};
use crate::document::{Document, Fences, Source};

/// Something that is read from the text: how deep it stands, whether it is ticked, what it says.
type Reading = (usize, Option<bool>, String);

impl Document<'_> {
    /// Puts new text in the place of some spans and returns the bytes of the new document.
    ///
    /// # Errors
    ///
    /// When the spans overlap or are out of order, or when anything outside of them would be read
    /// differently.
    pub fn patch(&self, splices: &[Splice]) -> Result<Vec<u8>, EditError> {
        let mut pairs = splices.iter().zip(splices.iter().skip(1));
        if !pairs.all(|((a, _), (b, _))| a.end <= b.start) {
            return refused("these changes overlap", None, "make one after the other");
        }
        if splices.iter().any(|splice| self.joins_breaks(splice)) {
            return refused(
                "this change would make one line break of two",
                splices.first().map(|(span, _)| span.start),
                "give the file one kind of line breaks",
            );
        }
        let source = Source::new(spliced(self.source().bytes(), splices));
        let after = Document::parse(&source);
        let (old, new) = regions(splices);
        // Behind a syntax error there is nothing to compare with.
        let error = self.frontmatter.error.as_ref();
        let known = error.map_or(usize::MAX, |error| line_start(self.text, error.offset));
        let last = old.iter().zip(&new).rfind(|(old, _)| old.end <= known);
        let shifted = last.map_or(known, |(old, new)| {
            (known - old.end).saturating_add(new.end)
        });
        let broken = |document: &Document| {
            let open = document.body.unclosed.is_some();
            (document.frontmatter.fences != Fences::Closed) || open
        };
        let same = (broken(self) || !broken(&after))
            && self.readings(&old, known) == after.readings(&new, shifted);
        drop(after);
        if same {
            return Ok(source.into_bytes());
        }
        refused(
            "this change would be read as more than it names",
            splices.first().map(|(span, _)| span.start),
            "make it by hand, then run `agentsess lint`",
        )
    }

    /// Whether a `\r` at the edge of new text would meet a `\n`.
    fn joins_breaks(&self, (span, new): &Splice) -> bool {
        let byte = |at: Option<usize>| at.and_then(|at| self.text.as_bytes().get(at)).copied();
        let before = byte(span.start.checked_sub(1));
        let after = byte(Some(span.end));
        let (first, last) = match new.as_bytes() {
            [] => (after, before),
            [first, .., last] => (Some(*first), Some(*last)),
            [only] => (Some(*only), Some(*only)),
        };
        (before, first) == (Some(b'\r'), Some(b'\n')) || (last, after) == (Some(b'\r'), Some(b'\n'))
    }

    /// What is read outside of `regions`, which are in order: the keys and values that end at
    /// `known` or before, the headings, the items.
    fn readings(&self, regions: &[Span], known: usize) -> Vec<Reading> {
        let untouched = |span: Span| {
            let at = regions.partition_point(|region| region.end < span.start);
            regions.get(at).is_none_or(|region| region.start > span.end)
        };
        let mut found = Vec::new();
        if let Some(root) = &self.frontmatter.root {
            scalars(root, 0, &mut |span, depth, text| {
                if span.end <= known && untouched(span) {
                    found.push((depth, None, text.to_owned()));
                }
            });
        }
        for heading in &self.body.headings {
            if untouched(heading.span) {
                found.push((heading.level.into(), None, heading.title.to_string()));
            }
        }
        for item in &self.body.items {
            let checkbox = item.checkbox.map(|(span, _)| span);
            if untouched(checkbox.map_or(item.text, |span| span.joined(item.text))) {
                let text = item.text.of(self.text).to_owned();
                found.push((item.depth, item.checkbox.map(|(_, ticked)| ticked), text));
            }
        }
        found
    }
}

/// Calls `each` with every key and value, in the order of the text.
fn scalars(node: &Node<'_>, depth: usize, each: &mut impl FnMut(Span, usize, &str)) {
    match &node.kind {
        Kind::Scalar { value, .. } => each(node.span, depth, value),
        Kind::Map { entries, .. } => {
            for entry in entries {
                scalars(&entry.key, depth, each);
                scalars(&entry.value, depth + 1, each);
            }
        }
        Kind::Seq { items, .. } => {
            for item in items {
                scalars(item, depth + 1, each);
            }
        }
        Kind::Alias => each(node.span, depth, "*"),
    }
}

/// Where the splices are in the old text, and where their texts are in the new one.
fn regions(splices: &[Splice]) -> (Vec<Span>, Vec<Span>) {
    let (mut from, mut to) = (0, 0);
    let new = splices.iter().map(|(span, text)| {
        let start = to + span.start - from;
        (from, to) = (span.end, start + text.len());
        Span::new(start, to)
    });
    let new = new.collect();
    (splices.iter().map(|(span, _)| *span).collect(), new)
}

/// The bytes with new text in the place of some spans, which are in order and do not overlap.
pub(super) fn spliced(old: &[u8], splices: &[Splice]) -> Vec<u8> {
    let added: usize = splices.iter().map(|(_, text)| text.len()).sum();
    let mut bytes = Vec::with_capacity(old.len() + added);
    let mut rest = 0;
    for (span, text) in splices {
        bytes.extend_from_slice(old.get(rest..span.start).unwrap_or(&[]));
        bytes.extend_from_slice(text.as_bytes());
        rest = span.end;
    }
    bytes.extend_from_slice(old.get(rest..).unwrap_or(&[]));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "---\nsession:\n  sttus: paused\n---\n\n# S\n\n### Context\n\n- [ ] a\n- b\n";

    fn patched(old: &str, new: &str) -> Result<String, EditError> {
        let source = Source::new(TEXT.into());
        let start = TEXT.find(old).unwrap();
        let span = Span::new(start, start + old.len());
        let bytes = Document::parse(&source).patch(&[(span, new.to_owned())])?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn what_stands_in_the_spans_may_become_anything() {
        for (old, new) in [("sttus", "status"), ("### C", "## C"), ("[ ]", "[x]")] {
            assert_eq!(patched(old, new).unwrap(), TEXT.replace(old, new));
        }
    }

    #[test]
    fn what_stands_elsewhere_stays_what_it_is() {
        for (old, new) in [
            ("# S\n", "# S\n```\n"),
            ("---\n\n", "\n"),
            ("# S\n", "# S\n<!--\n"),
            ("  sttus", "sttus"),
        ] {
            assert!(patched(old, new).is_err(), "{old:?}");
        }
    }

    #[test]
    fn two_line_breaks_do_not_become_one() {
        let source = Source::new("---\r\n---\r# S\r\n".into());
        let document = Document::parse(&source);
        let patched = |at, new: &str| document.patch(&[(Span::at(at), new.to_owned())]);
        assert!(patched(9, "\n").is_err() && patched(9, "\r\n").is_ok());
    }

    #[test]
    fn changes_come_in_order() {
        let source = Source::new(TEXT.into());
        let splice = |at| (Span::new(at, at + 2), String::new());
        assert!(
            Document::parse(&source)
                .patch(&[splice(1), splice(0)])
                .is_err()
        );
    }
}
