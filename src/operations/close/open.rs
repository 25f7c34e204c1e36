//! Work that is still open, and whether it bears an issue id.

use crate::document::schema::{ACCEPTANCE_CRITERIA, BLOCKERS, EXECUTION_PROGRESS, NEXT_STEPS};
use crate::document::{
    Document, Item, Span, Verbatim, filed_id, insert, is_none, line_start, sha256,
};
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
/// ticked, plain items of Next Steps below one that is, and what Next Steps, Blockers and Acceptance
/// Criteria say besides their items.
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
    spans.extend(below_done(document));
    for name in [NEXT_STEPS, BLOCKERS, ACCEPTANCE_CRITERIA] {
        spans.extend(besides_items(document, name));
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

/// The plain items of Next Steps right below a ticked one: nobody said that they are done too.
fn below_done<'d>(document: &'d Document<'_>) -> impl Iterator<Item = Span> + 'd {
    let mut done: Vec<&Item> = Vec::new();
    let items = document
        .body
        .items_in(NEXT_STEPS)
        .filter_map(move |(_, item)| {
            done.truncate(item.depth.saturating_sub(1));
            let parent = done.last().and_then(|parent| parent.checkbox);
            done.push(item);
            let below = item.checkbox.is_none() && parent.is_some_and(|(_, done)| done);
            below.then_some(item.text)
        });
    items.filter(|text| !is_none(text.of(document.text)))
}

/// What a section says that is no item: prose, tables, and boxes in quotes or HTML. A line that
/// introduces a list says nothing of its own, nor does a heading in a section with items.
fn besides_items(document: &Document, name: &str) -> Vec<Span> {
    let Some((_, section)) = document.body.section(name) else {
        return Vec::new();
    };
    let said = document.statements(section);
    let has_items = said.iter().any(|said| said.is_item);
    let headings = document.body.headings.as_slice();
    let is_heading = |span| {
        headings
            .binary_search_by_key(&span, |heading| heading.text_span)
            .is_ok()
    };
    let mut texts = Vec::new();
    for (at, found) in said.iter().enumerate() {
        let text = found.span.of(document.text);
        let next = said
            .get(at + 1)
            .filter(|next| next.heading == found.heading);
        let introduces = next.is_some_and(|next| next.is_item) && is_label(text);
        let is_structure = introduces || has_items && is_heading(found.span);
        if !found.is_item && !is_structure {
            texts.extend(pieces(document, found.span));
        }
    }
    texts.retain(|text| !says_nothing(text.of(document.text)));
    texts
}

/// A text cut where paragraphs follow a quote or HTML: those begin something else. Before them they
/// introduce it.
fn pieces(document: &Document, text: Span) -> Vec<Span> {
    let mut pieces = Vec::new();
    let mut piece = Span::at(text.start);
    let (mut at, mut was_blank, mut was_set_off) = (text.start, false, false);
    for line in text.of(document.text).split_inclusive('\n') {
        let (end, is_blank) = (at + line.trim_end().len(), line.trim().is_empty());
        if !is_blank {
            let words = at + (line.len() - line.trim_start().len());
            let kind = document.body.verbatim_at(words);
            let is_set_off = matches!(kind, Some(Verbatim::Quote | Verbatim::Html));
            if was_blank && was_set_off && !is_set_off {
                pieces.push(piece);
                piece = Span::at(at);
            }
            (piece.end, was_set_off) = (end, is_set_off);
        }
        was_blank = is_blank;
        at += line.len();
    }
    pieces.push(piece);
    pieces
}

/// Whether it is a name for what follows: `Backend:`, `**Backend**`.
fn is_label(text: &str) -> bool {
    let text = text.trim();
    let is_strong = || {
        let inner = text
            .strip_prefix("**")
            .and_then(|text| text.strip_suffix("**"));
        inner.is_some_and(|inner| !inner.contains("**"))
    };
    !text.contains('\n') && (text.trim_end_matches('*').ends_with(':') || is_strong())
}

/// Whether nothing is left of a text without comments, tags and words such as `None.`.
fn says_nothing(text: &str) -> bool {
    let mut words = String::new();
    let mut rest = text;
    while let Some((before, markup)) = rest.split_once('<') {
        words.push_str(before);
        let is_tag = markup.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        let end = match markup.strip_prefix("!--") {
            Some(_) => markup.split_once("-->"),
            None => markup.split_once('>').filter(|_| is_tag),
        };
        rest = end.map_or(markup, |(_, rest)| rest);
    }
    words.push_str(rest);
    words
        .lines()
        .all(|line| is_none(line) || !line.contains(char::is_alphanumeric))
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

    /// Whether it is code, a quote, HTML or a table, which no id can begin.
    pub fn is_block(&self, document: &Document) -> bool {
        let is_table = self.span.of(document.text).starts_with('|');
        is_table || document.body.verbatim_at(self.span.start).is_some()
    }

    /// Its own words, and what stands below them, in Markdown and without the open items that are
    /// yet to be filed on their own.
    pub fn words<'d>(&self, store: &Store, document: &'d Document<'_>) -> (&'d str, String) {
        let text = document.text;
        let own = self.span.of(text);
        if let Some(item) = item_of(document, self.span) {
            return (own, below(store, document, item));
        }
        if self.is_block(document) {
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
