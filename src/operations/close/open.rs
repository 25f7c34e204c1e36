//! Work that is still open, and whether it bears an issue id.

use crate::document::schema::{ACCEPTANCE_CRITERIA, BLOCKERS, EXECUTION_PROGRESS, NEXT_STEPS};
use crate::document::{Document, Item, Span, filed_id, insert, is_none, line_start, sha256};
use crate::store::Store;

const TICKETS: &[&str] = &["planning", "backlog", "tickets"];

/// An open item of a session.
#[derive(Debug, Clone)]
pub(super) struct Open {
    /// Its text; of a section without items, all of it.
    pub span: Span,
    /// The section it stands in.
    pub section: String,
}

/// The open items, in order: those of the sections that hold work, any other box that is not
/// ticked, and what Next Steps, Blockers and Acceptance Criteria say where they have no list.
pub(super) fn items(document: &Document) -> Vec<Open> {
    let sections = [
        EXECUTION_PROGRESS,
        ACCEPTANCE_CRITERIA,
        BLOCKERS,
        NEXT_STEPS,
    ];
    let work = sections
        .iter()
        .flat_map(|section| document.open_items(section));
    let boxes = document.boxes().filter(|(_, item, done)| {
        let text = item.text.of(document.text);
        !done && !is_none(text)
    });
    let mut spans: Vec<Span> = work
        .map(|(_, item)| item.text)
        .chain(boxes.map(|(_, item, _)| item.text))
        .collect();
    for name in [NEXT_STEPS, BLOCKERS, ACCEPTANCE_CRITERIA] {
        let text = document.section_text(name).filter(|text| !is_none(text));
        if let (Some(_), None) = (text, document.body.items_in(name).next()) {
            spans.extend(document.body.section(name).map(|(_, section)| section.body));
        }
    }
    spans.sort_unstable();
    spans.dedup();
    let section = |span: Span| {
        let mut sections = document.body.sections.iter();
        let section = sections.rfind(|section| section.content.start <= span.start);
        section
            .map_or("", |section| document.body.name(section))
            .to_owned()
    };
    let items = spans.into_iter().map(|span| Open {
        span,
        section: section(span),
    });
    items.collect()
}

/// The ids under which remaining work was filed.
pub(super) fn tickets(document: &Document) -> Vec<String> {
    let entry = document.frontmatter.entry(TICKETS);
    let items = entry.and_then(|entry| entry.value.items()).unwrap_or(&[]);
    let texts = items.iter().filter_map(|item| item.text());
    texts.map(str::to_owned).collect()
}

impl Open {
    /// The id it bears: one of a known form, or one that the session was given.
    pub fn id<'d>(&self, store: &Store, document: &'d Document<'_>) -> Option<&'d str> {
        let tickets = tickets(document);
        filed_id(self.span.of(document.text), |token| {
            store.config.items.is_id(token) || tickets.iter().any(|ticket| ticket == token)
        })
    }

    /// Tells it from other items, wherever in its section it stands and whether it is filed.
    pub fn key(&self, store: &Store, document: &Document) -> String {
        let text = self.span.of(document.text);
        let text = match self.id(store, document) {
            Some(_) => text.split_once(" - ").map_or(text, |(_, text)| text),
            None => text,
        };
        let mut key = sha256(format!("{}\0{}", self.section, insert::line(text)).as_bytes());
        key.truncate(16);
        key
    }
    /// Its own words, and what stands below them, in Markdown and without the open items that are
    /// yet to be filed on their own.
    pub fn words<'d>(&self, store: &Store, document: &'d Document<'_>) -> (&'d str, String) {
        let text = document.text;
        let own = self.span.of(text);
        if let Some(item) = item_of(document, self.span) {
            return (own, below(store, document, item));
        }
        if document.body.verbatim_at(self.span.start).is_some() {
            return (own, String::new());
        }
        let lines = own.split_inclusive('\n');
        let paragraph = lines.take_while(|line| !line.trim().is_empty());
        let end = paragraph.map(str::len).sum();
        let (own, below) = own.split_at_checked(end).unwrap_or((own, ""));
        (own, insert::block(below, 0))
    }

    /// The own words of the item in which it is nested.
    pub fn parent<'d>(&self, document: &'d Document<'_>) -> Option<&'d str> {
        let mut items = document.body.items.iter();
        let parent = items.rfind(|outer| outer.text != self.span && outer.span.contains(self.span));
        parent
            .map(|parent| parent.text.of(document.text))
            .filter(|words| !words.is_empty())
    }
}

fn item_of<'d>(document: &'d Document<'_>, text: Span) -> Option<&'d Item> {
    document.body.items.iter().find(|item| item.text == text)
}

/// What stands in an item below its own words.
fn below(store: &Store, document: &Document, item: &Item) -> String {
    let text = document.text;
    let slice = |start: usize, end: usize| text.get(start..end).unwrap_or("");
    let extent = item.extent(text);
    let mut below = String::new();
    let mut at = item.text.end;
    for open in items(document) {
        let nested = item_of(document, open.span).map(|nested| nested.span);
        let nested = nested.filter(|nested| nested.start >= at && nested.start < extent.end);
        if let Some(nested) = nested.filter(|_| open.id(store, document).is_none()) {
            below += slice(at, line_start(text, nested.start));
            at = nested.end;
        }
    }
    below += slice(at, extent.end);
    let mark = item.checkbox.map_or(item.text, |(mark, _)| mark).start;
    let width = mark - line_start(text, mark);
    let lines = below.lines().map(|line| {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        line.get(blank.min(width)..).unwrap_or(line)
    });
    insert::block(&lines.collect::<Vec<_>>().join("\n"), 0)
}
