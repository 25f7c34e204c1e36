//! Whatever text is put into a session, it has the same sections and entries before and after, and
//! no secret.
#![no_main]

use agentsess::document::time::parse_rfc3339;
use agentsess::document::{Document, Edit, Source, insert, is_slug, secrets, slugify};
use libfuzzer_sys::fuzz_target;

const SESSION: &str = include_str!("../../fixtures/good/20251202-081530-full.md");

fuzz_target!(|text: &str| {
    let (redacted, _) = secrets::redact(text);
    let left = secrets::find(&redacted).next();
    assert!(left.is_none(), "{left:?} in {redacted:?}");
    let slug = slugify(text);
    assert!(is_slug(&slug), "{slug}");
    let line = insert::line(text);
    assert!(!line.contains(['\n', '\r']), "{line:?}");

    let source = Source::new(SESSION.into());
    let document = Document::parse(&source);
    let Some(time) = parse_rfc3339("2026-01-02T03:04:05Z") else {
        return;
    };
    let log = Edit::Log {
        at: time.at,
        agent: "dev",
        action: "note",
        text,
    };
    for (edit, more) in [
        (
            Edit::Append {
                section: "Context",
                text,
            },
            0,
        ),
        (
            Edit::Replace {
                section: "Current State",
                text,
            },
            0,
        ),
        (
            Edit::Append {
                section: "Next Steps",
                text,
            },
            0,
        ),
        (log, 1),
    ] {
        let after = document.apply(&[edit]);
        let after = Source::new(after.unwrap_or_else(|error| panic!("{edit:?}: {error}")));
        let after = Document::parse_fully(&after);
        assert_eq!(
            headings(&document, 2),
            headings(&after, 2),
            "{}",
            after.text
        );
        let entries = |document: &Document| document.body.log(document.text).len();
        assert_eq!(entries(&document) + more, entries(&after), "{}", after.text);
        assert_eq!(document.defect(), after.defect(), "{}", after.text);
    }
});

fn headings<'d>(document: &'d Document, level: u8) -> Vec<&'d str> {
    let headings = document.body.headings.iter();
    let headings = headings.filter(|heading| heading.level <= level);
    headings.map(|heading| heading.title.as_ref()).collect()
}
