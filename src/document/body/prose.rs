//! Where the plain text of a document stands.

use pulldown_cmark::{Event, Parser, Tag};

use super::MARKDOWN;
use crate::document::span::Span;

/// Where the links and images lead, as they are written.
pub fn link_targets(text: &str, span: Span) -> Vec<String> {
    let events = Parser::new_ext(span.of(text), MARKDOWN);
    let target = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some(dest_url.into_string())
        }
        _ => None,
    };
    events.filter_map(target).collect()
}

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
