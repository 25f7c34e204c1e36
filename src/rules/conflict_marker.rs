use std::sync::LazyLock;

use memchr::memmem;
use pulldown_cmark::{Event, Parser, Tag};

use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::{Document, Span, line_start, next_line};

declare! {
    /// A merge conflict was left in the file.
    ///
    /// ## What it checks
    ///
    /// No line outside of code begins with one of git's markers `<<<<<<< ` and `>>>>>>> `. A line
    /// `=======` alone is the underline of a heading and is not reported. While there is one, the
    /// rest of the file is two files in one, and of the other rules only those about safety and
    /// about the file as such are run.
    ///
    /// ## Why
    ///
    /// The file holds two states of the work, and each reader takes another one for true.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// <<<<<<< HEAD
    /// The fallback works.
    /// =======
    /// The fallback fails in staging.
    /// >>>>>>> feat/weather
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// The fallback works, but not in staging.
    /// ```
    "AS701", "conflict-marker", Safety, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some(marker) = cx.conflict else {
        return;
    };
    found.report(
        marker,
        "a merge conflict has not been resolved",
        "decide between the two sides, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`",
    );
}

/// The first marker of a conflict.
type Finder = LazyLock<memmem::Finder<'static>>;

static OURS: Finder = Finder::new(|| memmem::Finder::new("<<<<<<< "));
static THEIRS: Finder = Finder::new(|| memmem::Finder::new(">>>>>>> "));

pub(super) fn first(document: &Document<'_>) -> Option<Span> {
    let text = document.text;
    let mut code = None;
    let mut outside = |line: &Span| {
        let body = document.body.span;
        let code = code.get_or_insert_with(|| code_blocks(body, body.of(text)));
        let before = code.partition_point(|block| block.start <= line.start);
        let before = before.checked_sub(1).and_then(|index| code.get(index));
        before.is_none_or(|block| block.end <= line.start)
    };
    let mut lines = lines_with(text, &OURS);
    if let Some(line) = lines.find(|line| outside(line)) {
        return Some(line);
    }
    // The end of a conflict whose beginning was removed, unless it is a quote in a quote in a…
    let mut lines = lines_with(text, &THEIRS);
    lines.find(|line| {
        let previous = line_start(text, line.start.saturating_sub(1));
        let next = next_line(text, line.end);
        let quote = |at: usize| text.get(at..).is_some_and(|rest| rest.starts_with('>'));
        let alone = (previous == line.start || !quote(previous)) && !quote(next);
        alone && outside(line)
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
