//! Turns a text of another habit into a session: the one edit that is not local.
//!
//! [`Document::apply`](crate::document::Document::apply) proves that all but the named part reads
//! as before. Of a foreign text nothing reads as before, so what is proven here is that nothing
//! got lost: every word of the old body is in the new one, in its order, but for those that the
//! caller names because they are now said elsewhere. The proof reads the finished bytes and knows
//! nothing of how they were made.

use std::collections::HashMap;

use super::{EditError, refused};
use crate::document::{Document, Source, Span};

/// New text for a part of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// The part; empty where something is put in.
    pub span: Span,
    /// What stands there from now on, with `\n` line ends.
    pub text: String,
    /// Parts within `span` of which the words need not be in `text`, because something else says
    /// the same: a label, a time, the former name of a section.
    pub said: Vec<Span>,
}

impl Document<'_> {
    /// Makes the bytes of a session out of `head`, the frontmatter with its fences, and the text
    /// from `start` on with `changes`, which do not overlap. Without `head`, the frontmatter stays
    /// as it is.
    ///
    /// # Errors
    ///
    /// When a word of the body would be lost.
    pub fn rewrite(
        &self,
        head: Option<&str>,
        start: usize,
        changes: &mut [Rewrite],
    ) -> Result<Vec<u8>, EditError> {
        let line_break = self.line_break();
        changes.sort_by_key(|change| (change.span.start, change.span.end));
        let mark = Span::new(0, self.frontmatter.span.start);
        let mut text = match head {
            Some(head) => mark.of(self.text).to_owned() + &head.replace('\n', line_break),
            None => Span::new(0, start).of(self.text).to_owned(),
        };
        let body = text.len();
        let mut done = start;
        for change in &*changes {
            if change.span.start < done {
                return refused(
                    "two changes are wanted of one place",
                    Some(change.span.start),
                    "bring this part into the form of docs/format.md by hand",
                );
            }
            text += Span::new(done, change.span.start).of(self.text);
            text += &change.text.replace('\n', line_break);
            done = change.span.end;
        }
        text += Span::new(done, self.text.len()).of(self.text);
        let source = Source::new(text.into_bytes());
        self.nothing_is_lost(start, changes, source.text().get(body..).unwrap_or(""))?;
        Ok(source.into_bytes())
    }

    /// Walks through the new body once. Unchanged text has to come word by word; of a changed part
    /// the words that are not said elsewhere have to be in the new text, which may order them
    /// anew, as a heading puts the agent of a table's row in front.
    fn nothing_is_lost(
        &self,
        start: usize,
        changes: &[Rewrite],
        new: &str,
    ) -> Result<(), EditError> {
        let mut found = words(new);
        let mut done = start;
        let missing = |word: &str, offset| {
            refused(
                format!("`{word}` would get lost"),
                Some(offset),
                "bring this part into the form of docs/format.md by hand",
            )
        };
        for change in changes {
            let before = Span::new(done, change.span.start);
            if let Some(word) = words(before.of(self.text)).find(|word| !found.any(|w| w == *word))
            {
                return missing(word, before.start);
            }
            let mut given: HashMap<&str, usize> = HashMap::new();
            for word in words(&change.text) {
                if !found.any(|w| w == word) {
                    return missing(word, change.span.start);
                }
                *given.entry(word).or_default() += 1;
            }
            for word in self.unsaid(change) {
                match given.get_mut(word) {
                    Some(count) if *count > 0 => *count -= 1,
                    _ => return missing(word, change.span.start),
                }
            }
            done = change.span.end;
        }
        let rest = Span::new(done, self.text.len());
        match words(rest.of(self.text)).find(|word| !found.any(|w| w == *word)) {
            Some(word) => missing(word, rest.start),
            None => Ok(()),
        }
    }

    /// The words of a changed part that nothing else says.
    fn unsaid(&self, change: &Rewrite) -> Vec<&str> {
        let mut said = change.said.clone();
        said.sort_unstable();
        let mut left = Vec::new();
        let mut done = change.span.start;
        for part in said {
            left.extend(words(Span::new(done, part.start).of(self.text)));
            done = done.max(part.end);
        }
        left.extend(words(Span::new(done, change.span.end).of(self.text)));
        left
    }
}

/// What is left of a text without blanks and ASCII punctuation. Signs beyond ASCII count: an emoji
/// or a combining vowel is content.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation() || c == '\u{feff}')
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite(text: &str, changes: &[(&str, &str, &[&str])]) -> Result<String, String> {
        let source = Source::new(text.into());
        let document = Document::parse(&source);
        let span = |part: &str| {
            let start = text.find(part).unwrap();
            Span::new(start, start + part.len())
        };
        let mut changes: Vec<Rewrite> = changes
            .iter()
            .map(|(part, text, said)| Rewrite {
                span: span(part),
                text: (*text).to_owned(),
                said: said.iter().map(|part| span(part)).collect(),
            })
            .collect();
        let new = document.rewrite(Some("---\n---\n"), 0, &mut changes);
        new.map(|bytes| String::from_utf8(bytes).unwrap())
            .map_err(|error| error.message)
    }

    #[test]
    fn a_word_may_go_only_if_it_is_said_elsewhere() {
        let text = "Status: done\n\nKept.\n";
        let part = ("Status: done\n\n", "", &["Status", "done"][..]);
        assert_eq!(rewrite(text, &[part]).unwrap(), "---\n---\nKept.\n");
        let part = ("Status: done\n\n", "", &["Status"][..]);
        assert_eq!(rewrite(text, &[part]).unwrap_err(), "`done` would get lost");
    }

    #[test]
    fn a_part_may_be_ordered_anew_but_not_be_thinned_out() {
        let text = "| ran it twice | dev |\n";
        let new = rewrite(text, &[(text, "dev ran it twice", &[])]);
        assert_eq!(new.unwrap(), "---\n---\ndev ran it twice");
        assert!(rewrite(text, &[(text, "dev ran it", &[])]).is_err());
        let twice = "a a\n";
        assert!(rewrite(twice, &[(twice, "a\n", &[])]).is_err());
    }

    #[test]
    fn line_ends_are_the_files() {
        let new = rewrite("a\r\nb\r\n", &[("b", "x\nb", &[])]).unwrap();
        assert_eq!(new, "---\r\n---\r\na\r\nx\r\nb\r\n");
    }
}
