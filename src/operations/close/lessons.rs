//! Lessons: which the project's document does not have yet, and `--write-lessons`, which adds them.

use std::collections::BTreeSet;
use std::path::Path;

use super::decisions::nameless;
use super::gate::Plan;
use super::items::verdict;
use super::request::WRITE_LESSONS;
use super::{Check, Item, Request, Subject, Verdict, list};
use crate::config;
use crate::document::schema::LESSONS_LEARNED;
use crate::document::secrets::redact;
use crate::document::{Document, Source, Span, insert, is_none};
use crate::error::{Error, Result};
use crate::operations::{configure, counted};
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
    let lessons = of(name, document);
    let shown = |lessons: &[Lesson]| -> Vec<String> {
        let first = |lesson: &Lesson| lesson.text.lines().next().unwrap_or("").to_owned();
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
            let path = store.root.join(config::FILE);
            let path = store.shown(store.config.path().unwrap_or(&path));
            let hint = configure::add(store, "close", "lessons = \"docs/lessons.md\"");
            return Err(Error::usage(
                "`--write-lessons` needs the document they go to: set `close.lessons`",
            )
            .at(&path, None)
            .hint(hint));
        }
        let note = "confirm that each is in the documentation";
        return Ok(verdict(
            Item::Lessons,
            Verdict::Asked,
            note,
            shown(&lessons),
        ));
    };
    let (count, document) = (lessons.len(), path.display());
    let missing = missing(store, path, lessons)?;
    if missing.is_empty() {
        let note = format!("{count} found in {document}");
        return Ok(verdict(Item::Lessons, Verdict::Proven, note, Vec::new()));
    }
    let details = shown(&missing);
    if request.write_lessons {
        let note = format!(
            "{} will be added to {document}",
            counted(missing.len(), "lesson")
        );
        // What cannot be added to is noticed before anything is written.
        amended(path, store.read_document(path)?.as_deref(), &missing)?;
        plan.lessons = missing;
        return Ok(verdict(Item::Lessons, Verdict::Planned, note, details));
    }
    let note = format!("{} of {count} not in {document}", missing.len());
    Ok(Check {
        remedy: Some(WRITE_LESSONS.to_owned()),
        ..verdict(Item::Lessons, Verdict::Unmet, note, details)
    })
}

/// One thing that was learned, in Markdown that can follow a list marker.
#[derive(Debug)]
pub(super) struct Lesson {
    /// What is written: the heading it stands below comes first.
    text: String,
    /// What is looked for as well: it may stand below that heading again.
    bare: String,
}

impl Lesson {
    fn new(heading: Option<&str>, words: &str) -> Self {
        let bare = insert::block(words, 3);
        let Some(heading) = heading.map(insert::line) else {
            let text = bare.clone();
            return Self { text, bare };
        };
        // Code and the like begin on a line of their own.
        let gap = if bare.starts_with(['`', '~', '>', '<', '|', ' ', '\t']) {
            "\n\n  "
        } else {
            " "
        };
        let text = format!("{heading}:{gap}{bare}");
        Self { text, bare }
    }

    fn is_in(&self, known: &str) -> bool {
        has(known, &self.text) || has(known, &self.bare)
    }
}

/// The lessons: all that the section says, one for those that say the same.
fn of(name: &str, document: &Document) -> Vec<Lesson> {
    let mut lessons: Vec<Lesson> = Vec::new();
    let Some((_, section)) = document.body.section(LESSONS_LEARNED) else {
        return lessons;
    };
    let safe = |text: &str| redact(&nameless(text, name, document)).0.into_owned();
    for said in document.statements(section) {
        let mut words = safe(said.span.of(document.text));
        if is_none(&words) {
            continue;
        }
        if !said.is_item {
            words = indented(&words);
        }
        let heading = document.body.headings.get(said.heading);
        let heading = heading.filter(|_| said.heading != section.heading);
        let heading = heading.map(|heading| safe(&heading.title));
        let lesson = Lesson::new(heading.as_deref(), &words);
        if !lessons.iter().any(|known| same(&known.text, &lesson.text)) {
            lessons.push(lesson);
        }
    }
    lessons
}

/// The text with every line but the first where it belongs to a list item.
fn indented(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or("").to_owned();
    lines.fold(first, |text, line| {
        let indent = if line.is_empty() { "" } else { "  " };
        format!("{text}\n{indent}{line}")
    })
}

/// Markup, letter case and line breaks aside; text without any letter is compared as it is.
fn same(a: &str, b: &str) -> bool {
    let words = plain(a);
    words == plain(b) && (!words.is_empty() || a.trim() == b.trim())
}

/// The lessons that the document at `path` does not have, markup, letter case and line breaks
/// aside.
fn missing(store: &Store, path: &Path, mut lessons: Vec<Lesson>) -> Result<Vec<Lesson>> {
    let bytes = store.read_document(path)?.unwrap_or_default();
    let known = String::from_utf8_lossy(&bytes);
    lessons.retain(|lesson| !lesson.is_in(&known));
    Ok(lessons)
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
    // An item with all that is nested in it, its first paragraph, or only its own text.
    let blocks = document.body.items.iter().flat_map(|item| {
        let whole = Span::new(item.text.start, item.extent(text).end).of(text);
        let paragraph = whole.split("\n\n").next().unwrap_or(whole);
        [whole, paragraph, item.text.of(text)]
    });
    let paragraphs = text.split("\n\n");
    let known: BTreeSet<_> = blocks.chain(paragraphs).map(plain).collect();
    let mut parts = lesson.split("\n\n").map(plain);
    known.contains(&words) || parts.all(|part| part.is_empty() || known.contains(&part))
}

/// Adds the lessons that the document at `path` does not have, and returns whether there were any.
pub(super) fn write(
    store: &Store,
    path: &Path,
    lessons: &[Lesson],
    before: Before,
) -> Result<bool> {
    store.amend_document(path, before, |old| {
        let new = amended(path, old, lessons)?;
        let written = new.is_some();
        Ok((new, written))
    })
}

/// The document with the lessons that it does not have; `None` if it has all of them.
fn amended(path: &Path, old: Option<&[u8]>, lessons: &[Lesson]) -> Result<Option<Vec<u8>>> {
    let known = String::from_utf8_lossy(old.unwrap_or_default());
    let missing = lessons.iter().filter(|lesson| !lesson.is_in(&known));
    let missing: Vec<_> = missing.map(|lesson| lesson.text.clone()).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    list::add(path, old.unwrap_or(HEADING.as_bytes()), &missing).map(Some)
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
        let whole = "They lie\n\n  about it";
        assert!(has("- They lie\n\n  about it\n- x\n", whole));
        assert!(has("They lie.\n\nx\n\nAbout it.\n", whole));
        assert!(!has("They lie.\n\nx\n", whole));
        assert!(has("- a\n  - b\n- c\n", "a\n- b"));
        assert!(has("- 🎉\n", "🎉"));
        assert!(!has("- x\n", "🎉"));
    }
}
