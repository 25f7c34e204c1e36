//! The Markdown of a session: headings, sections, list items, log entries.
//!
//! `pulldown-cmark` is the parser of record, so a heading inside a code fence, an HTML block or
//! comment, a list or a quote is not a section. The document is walked once; everything below is
//! spans into the text.

mod plain;
mod prose;
mod walk;

use std::borrow::Cow;

use pulldown_cmark::{Options, Parser};

use super::FAST_TIER;
use super::schema::{self, same_name};
use super::span::{Span, find_unusual, line_start, next_line};
use super::time::{Timestamp, parse_minute};

pub use prose::{link_targets, prose};
use walk::Walk;
pub(super) use walk::is_closed_fence;

/// The extensions that are on, wherever session text is parsed.
pub(super) const MARKDOWN: Options = Options::ENABLE_TASKLISTS;

/// A heading that structures the document, that is, one in no list, quote, fence or comment.
#[derive(Debug)]
pub struct Heading<'a> {
    /// 1 to 6.
    pub level: u8,
    /// The heading's lines without the last line break.
    pub span: Span,
    /// The text, without `#` or underline; empty at the end of a heading without text.
    pub text_span: Span,
    /// The text, markup removed.
    pub title: Cow<'a, str>,
}

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Nothing at all.
    Empty,
    /// Only comments, as templates leave them.
    Placeholder,
    /// Something.
    Filled,
}

/// A `##` heading and all that belongs to it.
#[derive(Debug)]
pub struct Section {
    /// Index of its heading in [`Body::headings`].
    pub heading: usize,
    /// From the heading's line break up to the next section or the end.
    pub content: Span,
    /// The content without the blank lines around it and without a rule that only separates it
    /// from the next section. Empty, and behind the heading, if there is none.
    pub body: Span,
    /// What is in it.
    pub fill: Fill,
    /// The first letter of its name, in lower case, if that is an ASCII letter: most names that
    /// are looked for differ in it.
    initial: Option<u8>,
}

/// An item of a list that is not in a quote.
#[derive(Debug)]
pub struct Item {
    /// Index into [`Body::sections`]; absent before the first section.
    pub section: Option<usize>,
    /// Index into [`Body::headings`] of the nearest heading above.
    pub heading: Option<usize>,
    /// 1 for an item of an outermost list.
    pub depth: usize,
    /// All of it, from its marker to the end of what is nested in it, blank lines behind included.
    pub span: Span,
    /// The `[ ]` or `[x]`, and whether it is ticked.
    pub checkbox: Option<(Span, bool)>,
    /// Its own text, without marker, checkbox or nested blocks.
    pub text: Span,
}

impl Section {
    /// Whether its name may be this one, or a slip of it, going by the first letter alone.
    pub fn may_be(&self, name: &str) -> bool {
        let first = initial(name);
        self.initial == first || self.initial.is_none() || first.is_none()
    }
}

fn initial(name: &str) -> Option<u8> {
    let first = name
        .as_bytes()
        .first()
        .filter(|first| first.is_ascii_alphabetic());
    first.map(u8::to_ascii_lowercase)
}

impl Item {
    /// All of it, without blank lines behind.
    pub fn extent(&self, text: &str) -> Span {
        let length = self.span.of(text).trim_end().len();
        Span::new(self.span.start, self.span.start + length)
    }
}

/// An entry of the log.
#[derive(Debug)]
pub struct LogEntry<'b> {
    /// Index of its heading in [`Body::headings`].
    pub heading: usize,
    title: &'b str,
    /// The text below the heading, without the blank lines around it.
    pub text: Span,
}

impl<'b> LogEntry<'b> {
    /// The parts of its heading, if that is well-formed.
    pub fn stamp(&self) -> Option<Stamp<'b>> {
        Stamp::parse(self.title)
    }
}

/// `YYYY-MM-DD HH:MM - <agent>/<action>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp<'b> {
    /// The minute.
    pub at: Timestamp,
    /// Who.
    pub agent: &'b str,
    /// Did what.
    pub action: &'b str,
}

/// What text is when it is nobody's own words: no task, no entry, no instruction to the tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbatim {
    /// A code block or a code span.
    Code,
    /// HTML, comments included.
    Html,
    /// A quote.
    Quote,
}

/// What swallows the rest of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclosed {
    /// A code fence without an end.
    Fence(Span),
    /// An HTML comment without an end.
    Comment(Span),
    /// Another HTML block that no blank line ends, such as `<pre>`.
    Html(Span),
}

impl Unclosed {
    /// Where it opens.
    pub const fn span(self) -> Span {
        match self {
            Self::Fence(span) | Self::Comment(span) | Self::Html(span) => span,
        }
    }

    /// What it is called.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Fence(_) => "code fence",
            Self::Comment(_) => "HTML comment",
            Self::Html(_) => "HTML block",
        }
    }
}

/// The body of one session.
#[derive(Debug)]
pub struct Body<'a> {
    /// All of it.
    pub span: Span,
    /// Every structuring heading, in order.
    pub headings: Vec<Heading<'a>>,
    /// Every `##` heading with its content, in order.
    pub sections: Vec<Section>,
    /// Every list item, in order.
    pub items: Vec<Item>,
    /// Code, HTML and quotes, in order and without overlap: what is in one is not listed again.
    pub verbatim: Vec<(Span, Verbatim)>,
    /// A fence or comment that reaches the end of the file though it was not meant to.
    pub unclosed: Option<Unclosed>,
}

impl<'a> Body<'a> {
    /// Parses the part of `text` that `span` covers.
    pub fn parse(text: &'a str, span: Span) -> Self {
        FAST_TIER
            .then(|| plain::parse(text, span))
            .flatten()
            .unwrap_or_else(|| Self::parse_fully(text, span))
    }

    /// The same by the parser of record alone.
    pub(super) fn parse_fully(text: &'a str, span: Span) -> Self {
        let mut walk = Walk::new(text, span);
        let events = Parser::new_ext(span.of(text), MARKDOWN).into_offset_iter();
        for (event, range) in events {
            walk.event(event, Span::from(range).shifted(span.start));
        }
        walk.finish()
    }

    /// The heading of a section.
    pub fn heading(&self, section: &Section) -> Option<&Heading<'a>> {
        self.headings.get(section.heading)
    }

    /// The name of a section.
    pub fn name(&self, section: &Section) -> &str {
        self.heading(section).map_or("", |heading| &heading.title)
    }

    /// All sections of this name, letter case and a trailing colon aside.
    pub fn sections_named(&self, name: &str) -> impl Iterator<Item = (usize, &Section)> {
        self.sections
            .iter()
            .enumerate()
            .filter(move |(_, section)| section.may_be(name) && same_name(self.name(section), name))
    }

    /// The first section of this name.
    pub fn section(&self, name: &str) -> Option<(usize, &Section)> {
        self.sections_named(name).next()
    }

    /// What the text at `offset` is, if it is not plain text.
    pub fn verbatim_at(&self, offset: usize) -> Option<Verbatim> {
        let after = self
            .verbatim
            .partition_point(|(span, _)| span.start <= offset);
        let (span, kind) = self.verbatim.get(after.checked_sub(1)?)?;
        (offset < span.end).then_some(*kind)
    }

    /// The document's first heading of level 1.
    pub fn title(&self) -> Option<&Heading<'a>> {
        self.headings.iter().find(|heading| heading.level == 1)
    }

    /// The items of the first section of this name.
    pub fn items_in(&self, name: &str) -> impl Iterator<Item = (usize, &Item)> {
        let section = self.section(name).map(|(index, _)| index);
        self.items
            .iter()
            .enumerate()
            .filter(move |(_, item)| section.is_some() && item.section == section)
    }

    /// The `###` headings of a section, each with the trimmed text up to the next heading of its
    /// level or above.
    pub fn subsections(&self, text: &str, section: &Section) -> Vec<(usize, Span)> {
        let content = section.content;
        let mut found: Vec<(usize, Span)> = Vec::new();
        let headings = self.headings.iter().enumerate().skip(section.heading + 1);
        for (index, heading) in headings.take_while(|(_, h)| content.contains(h.span)) {
            if heading.level != 3 {
                continue;
            }
            if let Some((_, last)) = found.last_mut() {
                last.end = heading.span.start;
            }
            let start = next_line(text, heading.span.end).min(section.body.end);
            found.push((index, Span::new(start, section.body.end.max(start))));
        }
        for (_, span) in &mut found {
            *span = trim_blank_lines(text, *span);
        }
        found
    }

    /// The entries of the session log, in the order of the file.
    pub fn log(&self, text: &str) -> Vec<LogEntry<'_>> {
        let Some((_, section)) = self.section(schema::SESSION_LOG) else {
            return Vec::new();
        };
        self.subsections(text, section)
            .into_iter()
            .map(|(index, span)| LogEntry {
                heading: index,
                title: self
                    .headings
                    .get(index)
                    .map_or("", |heading| heading.title.as_ref()),
                text: span,
            })
            .collect()
    }
}

impl<'b> Stamp<'b> {
    /// Reads the heading of a log entry.
    pub fn parse(heading: &'b str) -> Option<Self> {
        let (minute, rest) = heading.split_at_checked(16)?;
        let (agent, action) = rest.strip_prefix(" - ")?.split_once('/')?;
        let at = parse_minute(minute)?;
        (is_token(agent) && is_token(action)).then_some(Self { at, agent, action })
    }
}

/// Whether `text` can name an agent or an action in a log entry: `[A-Za-z0-9][A-Za-z0-9._-]*`.
pub fn is_token(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// The span without whitespace at its end and without blank lines at its start; indentation,
/// which has a meaning in Markdown, stays.
pub(super) fn trim_blank_lines(text: &str, span: Span) -> Span {
    let slice = span.of(text);
    let end = span.start + slice.trim_end().len();
    let first = span.start + (slice.len() - slice.trim_start().len());
    if first >= end {
        return Span::at(span.start);
    }
    Span::new(line_start(text, first).max(span.start), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_has_all_of_its_text() {
        for text in [
            "# T\u{c}\n",
            "## A\u{a0}\nx",
            "A\u{2003}\n---\n",
            "a\n\n##\nx",
        ] {
            let body = Body::parse(text, Span::new(0, text.len()));
            let heading = &body.headings[0];
            assert_eq!(heading.text_span.of(text), heading.title, "{text:?}");
            assert!(heading.span.contains(heading.text_span), "{text:?}");
        }
    }

    #[test]
    fn only_what_is_nothing_but_comments_is_a_placeholder() {
        let fill = |content: &str| {
            let text = format!("## A\n\n{content}\n");
            let body = Body::parse(&text, Span::new(0, text.len()));
            body.sections[0].fill
        };
        assert_eq!(fill(""), Fill::Empty);
        for comments in [
            "<!-- a -->",
            "<!-- a --> <!-- b -->",
            "<!--\na\n-->\n<!-- b -->",
        ] {
            assert_eq!(fill(comments), Fill::Placeholder, "{comments}");
        }
        for text in [
            "<!-- a --> text <!-- b -->",
            "<!-- a --> text",
            "<!-- a -->\ntext",
        ] {
            assert_eq!(fill(text), Fill::Filled, "{text}");
        }
    }
}
