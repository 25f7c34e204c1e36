//! What a section says: its outermost list items, and the text between them.

use super::body::trim_blank_lines;
use super::{Document, Section, Span, line_start, next_line};

/// One of the things that a section says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Index in [`super::Body::headings`] of the heading below which it stands, which may be the
    /// section's own.
    pub heading: usize,
    /// An item with all that is nested in it, without marker and box; or text between items and
    /// headings; or the text of a heading that has nothing below it.
    pub span: Span,
    /// Whether it is an item.
    pub is_item: bool,
}

impl Document<'_> {
    /// What the section says, in order. Comments and rules say nothing.
    pub fn statements(&self, section: &Section) -> Vec<Statement> {
        let headings = self.body.headings.iter().enumerate().skip(section.heading);
        let headings: Vec<_> = headings
            .take_while(|(_, heading)| heading.span.start < section.content.end)
            .collect();
        let mut found = Vec::new();
        for (at, (index, heading)) in headings.iter().enumerate() {
            let next = headings.get(at + 1).map(|(_, next)| next);
            let end = next.map_or(section.body.end, |next| next.span.start);
            let start = next_line(self.text, heading.span.end).min(end);
            let before = found.len();
            self.below(*index, Span::new(start, end), &mut found);
            let deeper = next.is_some_and(|next| next.level > heading.level);
            if found.len() == before && *index != section.heading && !deeper {
                found.push(Statement {
                    heading: section.heading,
                    span: heading.text_span,
                    is_item: false,
                });
            }
        }
        found
    }

    fn below(&self, heading: usize, within: Span, found: &mut Vec<Statement>) {
        let items = self.body.items.iter().filter(|item| item.depth == 1);
        let mut at = within.start;
        for item in items.filter(|item| within.contains(Span::at(item.span.start))) {
            self.text_between(heading, at, line_start(self.text, item.span.start), found);
            let start = item.checkbox.map_or(item.text.start, |(mark, _)| mark.end);
            let start = start.max(item.text.start);
            let extent = item.extent(self.text);
            found.push(Statement {
                heading,
                span: Span::new(start.min(extent.end), extent.end),
                is_item: true,
            });
            at = item.span.end;
        }
        self.text_between(heading, at, within.end, found);
    }

    fn text_between(&self, heading: usize, start: usize, end: usize, found: &mut Vec<Statement>) {
        let mut span = Span::new(start, end.max(start));
        while let Some((comment, _)) = span
            .of(self.text)
            .trim_start()
            .strip_prefix("<!--")
            .and_then(|comment| comment.split_once("-->"))
        {
            let blank = span.of(self.text).len() - span.of(self.text).trim_start().len();
            span.start += blank + "<!--".len() + comment.len() + "-->".len();
        }
        let span = trim_blank_lines(self.text, span);
        if span.of(self.text).chars().any(char::is_alphanumeric) {
            found.push(Statement {
                heading,
                span,
                is_item: false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::document::{Document, Source};

    fn statements(section: &str) -> Vec<(String, String, bool)> {
        let source = Source::new(format!("# T\n\n## A\n{section}\n## B\nb\n").into_bytes());
        let document = Document::parse(&source);
        let (_, section) = document.body.section("A").unwrap();
        let statements = document.statements(section).into_iter();
        let statements = statements.map(|statement| {
            let heading = &document.body.headings[statement.heading];
            (
                heading.title.to_string(),
                statement.span.of(document.text).to_owned(),
                statement.is_item,
            )
        });
        statements.collect()
    }

    #[test]
    fn items_and_the_text_between_them_are_what_a_section_says() {
        let said = |heading: &str, text: &str, is_item| (heading.into(), text.into(), is_item);
        assert_eq!(
            statements(
                "one\n\ntwo\n\n- [x] a\n  - b\n\n  c\n1. d\n\n> e\n\n### H\n- f\n\n### Lone\n#### I\ng\n#### J\n---\n"
            ),
            [
                said("A", "one\n\ntwo", false),
                said("A", "a\n  - b\n\n  c", true),
                said("A", "d", true),
                said("A", "> e", false),
                said("H", "f", true),
                said("I", "g", false),
                said("A", "J", false),
            ]
        );
        assert_eq!(statements("<!-- a -->\n\n<!--\nb\n-->\n\n---\n"), []);
        assert_eq!(
            statements("<!-- a --> b\n\n---\n"),
            [said("A", " b", false)]
        );
        assert_eq!(statements(""), []);
    }
}
