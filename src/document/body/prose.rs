//! Where the plain text of a document stands.

use pulldown_cmark::{Event, Parser, Tag};

use super::MARKDOWN;
use crate::document::span::Span;

/// The paragraphs and lists that are in no other block, in order: what is not code, HTML, a quote
/// or a heading. A table is a paragraph here.
pub fn prose(text: &str, span: Span) -> Vec<Span> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(span.of(text), MARKDOWN).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if depth == 0 && matches!(tag, Tag::Paragraph | Tag::List(_)) {
                    found.push(Span::from(range).shifted(span.start));
                }
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    found
}
