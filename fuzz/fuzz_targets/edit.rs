//! An edit changes the bytes it names and no others.
//!
//! The input is a document, then behind its last NUL a byte that chooses the edit and the text that
//! is put in.
#![no_main]

use agentsess::document::time::parse_rfc3339;
use agentsess::document::{Agent, Document, Edit, Scalar, Source, Span, WaveState};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let end = data.iter().rposition(|&byte| byte == 0);
    let (file, control) = data.split_at(end.unwrap_or(data.len()));
    let kind = control.get(1).copied().unwrap_or(0);
    let text = String::from_utf8_lossy(control.get(2..).unwrap_or(b"x"));
    let source = Source::new(file.to_vec());
    let document = Document::parse(&source);
    let Some(edit) = edit(&document, kind, &text) else {
        return;
    };
    let after = match document.apply(&[edit]) {
        Ok(after) => Source::new(after),
        Err(error) => {
            assert!(!error.message.is_empty() && !error.help.is_empty());
            assert!(error.offset.is_none_or(|offset| offset <= file.len()));
            return;
        }
    };
    let (old, new) = (source.bytes(), after.bytes());
    let kept = match named(&document, &edit) {
        Some(named) => {
            new.len() + (named.end - named.start) >= old.len()
                && new.starts_with(&old[..named.start])
                && new.ends_with(&old[named.end..])
        }
        None => is_insertion(old, new),
    };
    assert!(kept, "{edit:?}:\n{}\n=>\n{}", source.text(), after.text());
    let (before, after) = (
        sections(&document),
        sections(&Document::parse_fully(&after)),
    );
    let made = matches!(named(&document, &edit), None) && before != after;
    assert_eq!(
        after.len(),
        before.len() + usize::from(made),
        "{edit:?}: {after:?}"
    );
    let mut others = after.iter();
    assert!(
        before.iter().all(|name| others.any(|other| other == name)),
        "{after:?}"
    );
});

fn edit<'e>(document: &Document, kind: u8, text: &'e str) -> Option<Edit<'e>> {
    let body = &document.body;
    // Any of them, as the text will have it.
    let any = |count: usize| text.len().checked_rem(count);
    let path: &[&str] = match kind / 16 % 4 {
        0 => &["session", "title"],
        1 => &["orchestration", "handoff", "to"],
        2 => &["planning", "spikes"],
        _ => &["session", "x"],
    };
    let section = match kind / 16 % 4 {
        0 => "Context",
        1 => "Session Log",
        2 => "Current State",
        _ => "Own",
    };
    let done = kind / 16 % 2 == 0;
    Some(match kind % 16 {
        0 => Edit::Log {
            at: parse_rfc3339("2026-01-02T03:04:05Z")?.at,
            agent: "dev",
            action: "note",
            text,
        },
        1 => Edit::Replace { section, text },
        2 => Edit::Append { section, text },
        3 => Edit::Set {
            path,
            value: Scalar::Text(text),
        },
        4 => Edit::Remove { path },
        5 => Edit::Include { path, text },
        6 => Edit::Set {
            path: &["session", "status"],
            value: Scalar::Word("paused"),
        },
        7 => Edit::AddAgent(Agent {
            agent: text,
            task: text,
            status: "pending",
            summary: None,
        }),
        8 => Edit::Title(text),
        9 => Edit::Check {
            item: any(body.items.len())?,
            done,
        },
        10 => Edit::AddItem {
            heading: any(body.headings.len())?,
            text,
        },
        11 => Edit::RemoveItem {
            item: any(body.items.len())?,
        },
        12 => Edit::Wave {
            heading: any(body.headings.len())?,
            state: if done {
                WaveState::Done
            } else {
                WaveState::Active
            },
        },
        13 => Edit::SetAgent {
            at: text.len() % 3,
            key: if done { "summary" } else { "status" },
            value: Scalar::Text(text),
        },
        _ => return None,
    })
}

/// The part of the document that an edit may change; nothing where it makes one.
fn named(document: &Document, edit: &Edit) -> Option<Span> {
    let body = &document.body;
    let around = |offset| {
        let sections = body.sections.iter();
        let mut sections = sections.filter_map(|section| {
            Some(Span::new(
                body.heading(section)?.span.start,
                section.content.end,
            ))
        });
        let section = sections.find(|span| span.start <= offset && offset < span.end);
        Some(section.unwrap_or(body.span))
    };
    match *edit {
        Edit::Title(_) => body.title().map(|heading| heading.span),
        Edit::Replace { section, .. } | Edit::Append { section, .. } => body
            .section(section)
            .and_then(|(_, section)| around(section.content.start.checked_sub(1)?)),
        Edit::Log { .. } => body
            .section("Session Log")
            .and_then(|(_, section)| around(section.content.start.checked_sub(1)?)),
        Edit::Check { item, .. } => body.items.get(item)?.checkbox.map(|(span, _)| span),
        Edit::RemoveItem { item } => around(body.items.get(item)?.span.start),
        Edit::AddItem { heading, .. } => around(body.headings.get(heading)?.span.start),
        Edit::Wave { heading, .. } => Some(body.headings.get(heading)?.span),
        _ => Some(document.frontmatter.content),
    }
}

fn is_insertion(old: &[u8], new: &[u8]) -> bool {
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let suffix = old.iter().rev().zip(new.iter().rev());
    prefix + suffix.take_while(|(a, b)| a == b).count() >= old.len()
}

fn sections(document: &Document) -> Vec<String> {
    let body = &document.body;
    body.sections
        .iter()
        .map(|section| body.name(section).to_owned())
        .collect()
}
