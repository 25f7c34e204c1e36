//! Merge conflicts that were left in a text.

use std::sync::LazyLock;

use memchr::memmem;
use pulldown_cmark::{Event, Parser, Tag};

use super::{Document, Source, Span, line_start, next_line};

type Finder = LazyLock<memmem::Finder<'static>>;

static OURS: Finder = Finder::new(|| memmem::Finder::new("<<<<<<< "));
static THEIRS: Finder = Finder::new(|| memmem::Finder::new(">>>>>>> "));

impl Document<'_> {
    /// The first line that marks a merge conflict nobody has resolved, outside of code. While there
    /// is one, this is two documents in one.
    pub fn conflict(&self) -> Option<Span> {
        markers(self.text, self.body.span).next()
    }
}

/// Whether a merge conflict was left in a file. Nearly every file is told from its bytes alone.
pub(crate) fn is_in_conflict(source: &Source) -> bool {
    let bytes = source.text().as_bytes();
    let mut markers = [&OURS, &THEIRS].into_iter();
    markers.any(|marker| marker.find(bytes).is_some())
        && Document::parse(source).conflict().is_some()
}

/// The lines of a text that mark a merge conflict outside of the code in `body`: where ours begins,
/// then where theirs ends.
pub(super) fn markers(text: &str, body: Span) -> impl Iterator<Item = Span> {
    let theirs = lines_with(text, &THEIRS).filter(|line| {
        // The end of a conflict whose beginning was removed may be a quote in a quote in a…
        let previous = line_start(text, line.start.saturating_sub(1));
        let next = next_line(text, line.end);
        let quote = |at: usize| text.get(at..).is_some_and(|rest| rest.starts_with('>'));
        let alone = previous == line.start || !quote(previous);
        alone && !quote(next)
    });
    let mut code = None;
    lines_with(text, &OURS).chain(theirs).filter(move |line| {
        let code = code.get_or_insert_with(|| code_blocks(body, body.of(text)));
        let before = code.partition_point(|block| block.start <= line.start);
        let before = before.checked_sub(1).and_then(|index| code.get(index));
        before.is_none_or(|block| block.end <= line.start)
    })
}

/// The lines that begin with a marker, without their ends.
fn lines_with<'t>(text: &'t str, marker: &'static Finder) -> impl Iterator<Item = Span> + use<'t> {
    marker
        .find_iter(text.as_bytes())
        .filter(|&at| line_start(text, at) == at)
        .map(|at| {
            let line = Span::new(at, next_line(text, at));
            Span::new(at, at + line.of(text).trim_end().len())
        })
}

/// Fenced and indented code, in order.
fn code_blocks(body: Span, text: &str) -> Vec<Span> {
    Parser::new(text)
        .into_offset_iter()
        .filter(|(event, _)| matches!(event, Event::Start(Tag::CodeBlock(_))))
        .map(|(_, range)| Span::from(range).shifted(body.start))
        .collect()
}
