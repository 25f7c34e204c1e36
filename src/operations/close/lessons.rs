//! Lessons: which the project's document does not have yet, and `--write-lessons`, which adds them.

use std::path::Path;

use super::decisions::nameless;
use super::gate::Plan;
use super::items::verdict;
use super::request::WRITE_LESSONS;
use super::{Check, Item, Request, Subject, Verdict, list};
use crate::config;
use crate::document::schema::LESSONS_LEARNED;
use crate::document::secrets::redact;
use crate::document::{Document, Source, insert, is_none, line_start};
use crate::error::{Error, Result};
use crate::operations::counted;
use crate::store::{Before, Store, plain};

/// What a document that is not there yet begins with.
const HEADING: &str = "# Lessons Learned\n";

/// A lesson is in the documentation when the configured document has its words; where none is
/// configured, somebody must confirm it.
pub(super) fn check(subject: &Subject, request: &Request, plan: &mut Plan) -> Result<Check> {
    let Subject {
        store,
        name,
        document,
        ..
    } = *subject;
    let lessons = of(document);
    let shown = |lessons: &[&str]| -> Vec<String> {
        let first = |lesson: &&str| lesson.lines().next().unwrap_or("").to_owned();
        lessons.iter().map(first).collect()
    };
    if lessons.is_empty() {
        return Ok(verdict(
            Item::Lessons,
            Verdict::NotApplicable,
            "no lessons",
            Vec::new(),
        ));
    }
    let Some(path) = &store.config.close.lessons else {
        if request.write_lessons {
            let mut confirming = request.without(Item::Lessons.id());
            confirming.write_lessons = false;
            confirming.confirmed.push(Item::Lessons.id().to_owned());
            return Err(Error::usage(
                "`--write-lessons` needs the document they go to: set `close.lessons`",
            )
            .at(store.config.path().unwrap_or(Path::new(config::FILE)), None)
            .hint(confirming.command(store, name)));
        }
        let note = "confirm that each is in the documentation";
        return Ok(verdict(
            Item::Lessons,
            Verdict::Asked,
            note,
            shown(&lessons),
        ));
    };
    let texts = texts(name, document, &lessons);
    let missing = missing(store, path, &texts)?;
    let (count, document) = (texts.len(), path.display());
    if missing.is_empty() {
        let note = format!("{count} found in {document}");
        return Ok(verdict(Item::Lessons, Verdict::Proven, note, Vec::new()));
    }
    let details = shown(&missing.iter().map(String::as_str).collect::<Vec<_>>());
    if request.write_lessons {
        let note = format!(
            "{} will be added to {document}",
            counted(missing.len(), "lesson")
        );
        plan.lessons = missing;
        return Ok(verdict(Item::Lessons, Verdict::Planned, note, details));
    }
    let note = format!("{} of {count} not in {document}", missing.len());
    Ok(Check {
        remedy: Some(WRITE_LESSONS.to_owned()),
        ..verdict(Item::Lessons, Verdict::Unmet, note, details)
    })
}

/// The lessons: the outermost items of the section, each with all that belongs to it, or its text
/// where it has no list.
fn of<'d>(document: &'d Document<'_>) -> Vec<&'d str> {
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

/// The texts to write for lessons, and to look for: one for those that say the same.
fn texts(name: &str, document: &Document, lessons: &[&str]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for lesson in lessons {
        let text = insert::block(&redact(&nameless(lesson, name, document)).0, 3);
        if !texts.iter().any(|known| same(known, &text)) {
            texts.push(text);
        }
    }
    texts
}

/// Markup, letter case and line breaks aside; text without any letter is compared as it is.
fn same(a: &str, b: &str) -> bool {
    let words = plain(a);
    words == plain(b) && (!words.is_empty() || a.trim() == b.trim())
}

/// The lessons that the document at `path` does not have, markup, letter case and line breaks
/// aside.
fn missing(store: &Store, path: &Path, lessons: &[String]) -> Result<Vec<String>> {
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
