//! The tier that reads what is usual reads it as the parsers of record do.
#![no_main]

use agentsess::document::time::parse_rfc3339;
use agentsess::document::{Document, Source};
use agentsess::operations::list::State;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let source = Source::new(data.to_vec());
    let document = Document::parse(&source);
    let full = Document::parse_fully(&source);
    assert_eq!(format!("{document:#?}"), format!("{full:#?}"));

    for heading in &document.body.headings {
        assert!(heading.span.contains(heading.text_span), "{heading:?}");
    }

    // What is asked of a document has an answer.
    let now = parse_rfc3339("2026-01-02T03:04:05Z").map_or_else(Default::default, |time| time.at);
    let text = document.text;
    let spans = document.body.log(text).into_iter().map(|entry| entry.text);
    let items = document
        .body
        .items
        .iter()
        .flat_map(|item| [item.span, item.text]);
    for span in spans.chain(items) {
        assert!(text.get(span.start..span.end).is_some(), "{span:?}");
    }
    document.waves().for_each(drop);
    document.decisions();
    document.progress();
    document.handoff();
    document.defect();
    document.is_behind();
    State::of(&document, now);
});
