//! `--write-lessons`: each lesson that the project's document does not have yet, added to it.

use std::path::Path;

use super::decisions::nameless;
use crate::document::schema::LESSONS_LEARNED;
use crate::document::secrets::redact;
use crate::document::{Document, Source, insert, is_none, line_start};
use crate::error::{Error, Result};
use crate::store::{Store, plain};

/// What a document that is not there yet begins with.
const HEADING: &str = "# Lessons Learned\n";

/// The lessons: the outermost items of the section, each with all that belongs to it, or its text
/// where it has no list.
pub(super) fn of<'d>(document: &'d Document<'_>) -> Vec<&'d str> {
    let Some(text) = document.section_text(LESSONS_LEARNED).filter(|text| !is_none(text)) else {
        return Vec::new();
    };
    let outermost = document.body.items_in(LESSONS_LEARNED);
    let starts: Vec<_> = outermost
        .filter(|(_, item)| item.depth == 1)
        .map(|(_, item)| (item.checkbox.map_or(item.text, |(span, _)| span), item.text))
        .collect();
    if starts.is_empty() {
        return vec![text];
    }
    let section = document.body.section(LESSONS_LEARNED);
    let end = section.map_or(0, |(_, section)| section.body.end);
    let nexts = starts.iter().skip(1);
    let nexts = nexts.map(|(marked, _)| line_start(document.text, marked.start));
    let lessons = starts.iter().zip(nexts.chain([end]));
    lessons
        .filter_map(|((_, text), next)| document.text.get(text.start..next))
        .map(str::trim)
        .filter(|lesson| !is_none(lesson))
        .collect()
}

/// The text to write for a lesson, and to look for.
pub(super) fn text(name: &str, document: &Document, lesson: &str) -> String {
    insert::block(&redact(&nameless(lesson, name, document)).0, 3)
}

/// The lessons that the document at `path` does not have, markup, letter case and line breaks
/// aside.
pub(super) fn missing(store: &Store, path: &Path, lessons: &[String]) -> Result<Vec<String>> {
    let bytes = store.read_document(path)?.unwrap_or_default();
    let known = String::from_utf8_lossy(&bytes).into_owned();
    let missing = lessons.iter().filter(|lesson| !has(&known, lesson));
    Ok(missing.cloned().collect())
}

fn has(known: &str, lesson: &str) -> bool {
    let words = plain(lesson);
    if words.is_empty() {
        return known.contains(lesson.trim());
    }
    format!(" {} ", plain(known)).contains(&format!(" {words} "))
}

/// Adds the lessons that the document at `path` does not have, and returns whether there were any.
pub(super) fn write(store: &Store, path: &Path, lessons: &[String]) -> Result<bool> {
    store.amend_document(path, |old| {
        let known = String::from_utf8_lossy(old.unwrap_or_default()).into_owned();
        let missing: Vec<_> = lessons.iter().filter(|lesson| !has(&known, lesson)).collect();
        if missing.is_empty() {
            return Ok((None, false));
        }
        let new = Source::new(with(old.unwrap_or(HEADING.as_bytes()), &missing));
        let after = Document::parse(&new);
        if let Some(unclosed) = after.body.unclosed {
            return Err(Error::usage(format!(
                "the {} opened here is never closed and would swallow the lessons",
                unclosed.describe()
            ))
            .at(path, Some(after.position(unclosed.span().start)))
            .hint("close it, then run the command again"));
        }
        drop(after);
        Ok((Some(new.into_bytes()), true))
    })
}

/// The bytes with list items behind them, in the document's own line breaks and marker; it ends
/// with a line break if it did before.
fn with(old: &[u8], lessons: &[&String]) -> Vec<u8> {
    let source = Source::new(old.to_vec());
    let document = Document::parse(&source);
    let line_break = document.line_break();
    let body = document.text.trim_end();
    let last = body.rsplit(['\n', '\r']).next().unwrap_or("");
    let in_list = document.body.items.last().is_some_and(|item| {
        item.depth == 1 && item.text.end == body.len() && body.len() > last.len()
    });
    let marker = ["* ", "+ "].into_iter().find(|marker| in_list && last.starts_with(marker));
    let marker = marker.unwrap_or("- ");
    let mut text = String::new();
    for lesson in lessons {
        text.push_str(marker);
        text.push_str(&lesson.replace('\n', line_break));
        text.push_str(line_break);
    }
    let gap = match (document.text.len() - body.len(), in_list) {
        _ if body.is_empty() => "",
        // What comes after the last word stays; a list goes on without a gap.
        (0, true) => line_break,
        (0, false) => &line_break.repeat(2),
        (_, true) => "",
        (blank, false) if blank > line_break.len() => "",
        (_, false) => line_break,
    };
    if body.len() == document.text.len() && !body.is_empty() {
        text.truncate(text.trim_end().len());
    }
    drop(document);
    let mut bytes = source.into_bytes();
    bytes.extend_from_slice(gap.as_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(old: &str) -> String {
        let new = with(old.as_bytes(), &[&"b\n  - c".to_owned()]);
        String::from_utf8(new).unwrap()
    }

    #[test]
    fn lessons_are_added_in_the_manner_of_the_document() {
        for (old, new) in [
            ("", "- b\n  - c\n"),
            ("# L\n", "# L\n\n- b\n  - c\n"),
            ("# L\n\n- a\n", "# L\n\n- a\n- b\n  - c\n"),
            ("# L\n\n* a\n", "# L\n\n* a\n* b\n  - c\n"),
            ("# L\n\n- a", "# L\n\n- a\n- b\n  - c"),
            ("# L\r\n\r\n- a\r\n", "# L\r\n\r\n- a\r\n- b\r\n  - c\r\n"),
            ("# L\n\ntext", "# L\n\ntext\n\n- b\n  - c"),
            ("# L\n\ntext\n\n\n", "# L\n\ntext\n\n\n- b\n  - c\n"),
        ] {
            assert_eq!(added(old), new, "{old:?}");
        }
    }

    #[test]
    fn a_lesson_is_found_whatever_its_markup() {
        assert!(has("# L\n- Providers *lie*\n  about it.\n", "providers lie about `it`"));
        assert!(!has("providers lie about items", "providers lie about it"));
        assert!(has("- 🎉\n", "🎉"));
        assert!(!has("- x\n", "🎉"));
    }
}
