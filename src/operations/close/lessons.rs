//! `--write-lessons`: each lesson that the project's document does not have yet, added to it.

use std::path::Path;

use super::decisions::nameless;
use super::list;
use crate::document::schema::LESSONS_LEARNED;
use crate::document::secrets::redact;
use crate::document::{Document, Source, insert, is_none, line_start};
use crate::error::Result;
use crate::store::{Before, Store, plain};

/// What a document that is not there yet begins with.
const HEADING: &str = "# Lessons Learned\n";

/// The lessons: the outermost items of the section, each with all that belongs to it, or its text
/// where it has no list.
pub(super) fn of<'d>(document: &'d Document<'_>) -> Vec<&'d str> {
    let Some(text) = document
        .section_text(LESSONS_LEARNED)
        .filter(|text| !is_none(text))
    else {
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

/// Whether the lesson is an item or a paragraph of its own: a part of another sentence may say the
/// opposite.
fn has(known: &str, lesson: &str) -> bool {
    let words = plain(lesson);
    if words.is_empty() {
        return known.contains(lesson.trim());
    }
    let source = Source::new(known.as_bytes().to_vec());
    let document = Document::parse(&source);
    let text = document.text;
    let items = &document.body.items;
    let starts: Vec<_> = items.iter().map(|item| item.text.start).collect();
    // An item with all that is nested in it, or only its own text.
    let blocks = items.iter().enumerate().flat_map(|(index, item)| {
        let nexts = items.iter().zip(&starts).skip(index + 1);
        let mut nexts = nexts.filter(|(next, _)| next.depth <= item.depth);
        let next = nexts.next().map_or(text.len(), |(_, start)| *start);
        let whole = text
            .get(item.text.start..line_start(text, next))
            .unwrap_or("");
        [
            whole.split("\n\n").next().unwrap_or(whole),
            item.text.of(text),
        ]
    });
    let paragraphs = text.split("\n\n");
    blocks.chain(paragraphs).any(|block| plain(block) == words)
}

/// Adds the lessons that the document at `path` does not have, and returns whether there were any.
pub(super) fn write(
    store: &Store,
    path: &Path,
    lessons: &[String],
    before: Before,
) -> Result<bool> {
    store.amend_document(path, before, |old| {
        let known = String::from_utf8_lossy(old.unwrap_or_default()).into_owned();
        let missing = lessons.iter().filter(|lesson| !has(&known, lesson));
        let missing: Vec<_> = missing.cloned().collect();
        if missing.is_empty() {
            return Ok((None, false));
        }
        let new = list::add(path, old.unwrap_or(HEADING.as_bytes()), &missing)?;
        Ok((Some(new), true))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_is_found_whatever_its_markup() {
        assert!(has(
            "# L\n- Providers *lie*\n  about it.\n",
            "providers lie about `it`"
        ));
        assert!(!has("providers lie about items", "providers lie about it"));
        assert!(!has(
            "- Do not retry on the latest node\n",
            "retry on the latest node"
        ));
        assert!(!has("- Retry before anything else\n", "retry"));
        assert!(has("# L\n\nProviders lie.\n\nMore.\n", "providers lie"));
        assert!(has("- a\n  - b\n- c\n", "a\n- b"));
        assert!(has("- 🎉\n", "🎉"));
        assert!(!has("- x\n", "🎉"));
    }
}
