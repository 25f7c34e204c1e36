//! The Markdown of a session: headings, sections, list items, log entries.
//!
//! `pulldown-cmark` is the parser of record, so a heading inside a code fence, an HTML block or
//! comment, a list or a quote is not a section. The document is walked once; everything below is
//! spans into the text.

use std::borrow::Cow;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::schema::{self, same_name};
use super::span::{Span, line_start, next_line};
use super::time::{Timestamp, parse_minute};

/// The extensions that are on, wherever session text is parsed.
pub(super) const MARKDOWN: Options = Options::ENABLE_TASKLISTS;

/// A heading that structures the document, that is, one in no list, quote, fence or comment.
#[derive(Debug)]
pub struct Heading<'a> {
    /// 1 to 6.
    pub level: u8,
    /// The heading's lines without the last line break.
    pub span: Span,
    /// The text, without `#` or underline.
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
    /// The `[ ]` or `[x]`, and whether it is ticked.
    pub checkbox: Option<(Span, bool)>,
    /// Its own text, without marker, checkbox or nested blocks.
    pub text: Span,
}

/// An entry of the log.
#[derive(Debug)]
pub struct LogEntry<'b> {
    /// Index of its heading in [`Body::headings`].
    pub heading: usize,
    /// The parts of a well-formed heading.
    pub stamp: Option<Stamp<'b>>,
    /// The text below the heading, without the blank lines around it.
    pub text: Span,
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
    /// A fence or comment that reaches the end of the file though it was not meant to.
    pub unclosed: Option<Unclosed>,
}

impl<'a> Body<'a> {
    /// Parses the part of `text` that `span` covers.
    pub fn parse(text: &'a str, span: Span) -> Self {
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
            .filter(move |(_, section)| same_name(self.name(section), name))
    }

    /// The first section of this name.
    pub fn section(&self, name: &str) -> Option<(usize, &Section)> {
        self.sections_named(name).next()
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
                stamp: self
                    .headings
                    .get(index)
                    .and_then(|heading| Stamp::parse(&heading.title)),
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

/// Whether the text of a fenced code block ends with its closing fence.
pub(super) fn is_closed_fence(block: &str) -> bool {
    let opening = block.trim_start();
    let Some(fence) = opening.chars().next() else {
        return false;
    };
    let length = opening.chars().take_while(|&c| c == fence).count();
    let block = block.trim_end();
    let start = line_start(block, block.len());
    let Some(last) = block.get(start..).filter(|_| start > 0) else {
        return false;
    };
    let closing = last.trim_start_matches(' ');
    last.len() - closing.len() < 4 && closing.len() >= length && closing.chars().all(|c| c == fence)
}

/// Told from the text, because not all of it has events: a link definition has none.
fn fill_of(body: &str) -> Fill {
    let mut rest = body.trim();
    if rest.is_empty() {
        return Fill::Empty;
    }
    while let Some((_, after)) = rest
        .strip_prefix("<!--")
        .and_then(|comment| comment.split_once("-->"))
    {
        rest = after.trim_start();
    }
    if rest.is_empty() {
        Fill::Placeholder
    } else {
        Fill::Filled
    }
}

/// Whether an HTML block is of a kind that only its end marker ends, and has none.
fn is_open_html(html: &str) -> bool {
    const MARKERS: [(&str, &str); 8] = [
        ("<!--", "-->"),
        ("<![CDATA[", "]]>"),
        ("<!", ">"),
        ("<?", "?>"),
        ("<pre", "</"),
        ("<script", "</"),
        ("<style", "</"),
        ("<textarea", "</"),
    ];
    let starts = |start: &str| {
        html.get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    let marker = MARKERS.iter().find(|(start, _)| starts(start));
    marker.is_some_and(|(_, end)| !html.contains(end))
}

struct Walk<'a> {
    text: &'a str,
    body: Body<'a>,
    /// Lists, items and quotes that are open.
    depth: usize,
    quotes: usize,
    /// Open items: index, and whether their own text is over.
    items: Vec<(usize, bool)>,
    list_depth: usize,
    heading: Option<Heading<'a>>,
    /// Set while inside a code or HTML block, whose text is not an item's.
    verbatim: bool,
    /// False before the first section and behind a further heading of level 1.
    in_section: bool,
    /// Rules that nothing has followed yet.
    rules: Vec<usize>,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, span: Span) -> Self {
        Self {
            text,
            body: Body {
                span,
                headings: Vec::new(),
                sections: Vec::new(),
                items: Vec::new(),
                unclosed: None,
            },
            depth: 0,
            quotes: 0,
            items: Vec::new(),
            list_depth: 0,
            heading: None,
            verbatim: false,
            in_section: false,
            rules: Vec::new(),
        }
    }

    fn event(&mut self, event: Event<'a>, span: Span) {
        match event {
            Event::Start(tag) => self.start(&tag, span),
            Event::End(tag) => self.end(tag, span),
            Event::Rule if self.depth == 0 => self.rules.push(span.start),
            Event::Rule => {}
            Event::TaskListMarker(done) => {
                if let Some(item) = self.current_item() {
                    item.checkbox = Some((span, done));
                }
            }
            Event::Text(text) | Event::Code(text) => {
                self.heading_text(text.into());
                self.inline(span);
            }
            // An underlined heading can have several lines.
            Event::SoftBreak | Event::HardBreak => {
                self.heading_text(Cow::Borrowed(" "));
                self.inline(span);
            }
            _ => self.inline(span),
        }
    }

    fn start(&mut self, tag: &Tag<'a>, span: Span) {
        match tag {
            Tag::Paragraph => self.block(),
            Tag::Heading { level, .. } => {
                self.end_item_text();
                if self.depth == 0 {
                    self.start_heading(*level as u8, span);
                }
            }
            Tag::List(_) => {
                self.block();
                self.end_item_text();
                self.depth += 1;
                self.list_depth += 1;
            }
            Tag::Item => {
                self.depth += 1;
                if self.quotes == 0 {
                    self.items.push((self.body.items.len(), false));
                    self.body.items.push(Item {
                        section: self
                            .body
                            .sections
                            .len()
                            .checked_sub(1)
                            .filter(|_| self.in_section),
                        heading: self.body.headings.len().checked_sub(1),
                        depth: self.list_depth,
                        checkbox: None,
                        text: Span::default(),
                    });
                }
            }
            Tag::BlockQuote(_) => {
                self.block();
                self.end_item_text();
                self.depth += 1;
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                self.block();
                self.end_item_text();
                self.verbatim = true;
                let fenced = matches!(kind, CodeBlockKind::Fenced(_));
                if fenced && self.reaches_end(span) && !is_closed_fence(span.of(self.text)) {
                    self.body.unclosed = Some(Unclosed::Fence(self.first_line(span)));
                }
            }
            Tag::HtmlBlock => {
                let html = span.of(self.text).trim();
                self.block();
                self.end_item_text();
                self.verbatim = true;
                if self.reaches_end(span) && is_open_html(html) {
                    let line = self.first_line(span);
                    self.body.unclosed = Some(if html.starts_with("<!--") {
                        Unclosed::Comment(line)
                    } else {
                        Unclosed::Html(line)
                    });
                }
            }
            _ => self.inline(span),
        }
    }

    fn end(&mut self, tag: TagEnd, span: Span) {
        match tag {
            TagEnd::Heading(_) => {
                if let Some(heading) = self.heading.take() {
                    self.end_heading(heading);
                }
            }
            TagEnd::Paragraph => self.end_item_text(),
            TagEnd::List(_) => {
                self.depth -= 1;
                self.list_depth -= 1;
            }
            TagEnd::Item => {
                self.depth -= 1;
                if self.quotes == 0 {
                    self.items.pop();
                }
            }
            TagEnd::BlockQuote(_) => {
                self.depth -= 1;
                self.quotes -= 1;
            }
            TagEnd::CodeBlock | TagEnd::HtmlBlock => self.verbatim = false,
            _ => self.inline(span),
        }
    }

    /// A block begins; at the top level, the rules before it separate nothing from the next section.
    fn block(&mut self) {
        if self.depth == 0 {
            self.rules.clear();
        }
    }

    fn heading_text(&mut self, text: Cow<'a, str>) {
        if let Some(heading) = &mut self.heading {
            if heading.title.is_empty() {
                heading.title = text;
            } else {
                heading.title.to_mut().push_str(&text);
            }
        }
    }

    fn start_heading(&mut self, level: u8, span: Span) {
        if level <= 2 {
            self.end_section(line_start(self.text, span.start));
        } else {
            self.block();
        }
        let end = span.start + span.of(self.text).trim_end().len();
        self.heading = Some(Heading {
            level,
            span: Span::new(span.start, end),
            text_span: Span::default(),
            title: Cow::Borrowed(""),
        });
    }

    fn end_heading(&mut self, heading: Heading<'a>) {
        if heading.level == 2 {
            let start = next_line(self.text, heading.span.end);
            self.body.sections.push(Section {
                heading: self.body.headings.len(),
                content: Span::at(start),
                body: Span::at(start),
                fill: Fill::Empty,
            });
            self.in_section = true;
        }
        self.body.headings.push(heading);
    }

    fn end_section(&mut self, end: usize) {
        let rules = std::mem::take(&mut self.rules);
        let Some(section) = self.body.sections.last_mut().filter(|_| self.in_section) else {
            return;
        };
        self.in_section = false;
        section.content.end = end.max(section.content.start);
        // A link definition, which has no event, can stand behind a rule.
        let content = section.content;
        let text = content.of(self.text);
        let text = text.trim_end_matches(|c: char| c.is_whitespace() || "-*_".contains(c));
        let tail = content.start + text.len();
        let rule = rules.into_iter().find(|&rule| rule >= tail);
        let filled = Span::new(
            section.content.start,
            rule.map_or(section.content.end, |rule| line_start(self.text, rule)),
        );
        section.body = trim_blank_lines(self.text, filled);
        section.fill = fill_of(section.body.of(self.text));
    }

    fn inline(&mut self, span: Span) {
        if self.verbatim {
            return;
        }
        if let Some(heading) = &mut self.heading {
            heading.text_span = extend(heading.text_span, span);
        } else if let Some(item) = self.current_item() {
            item.text = extend(item.text, span);
        }
    }

    /// The innermost open item, as long as its own text is not over.
    fn current_item(&mut self) -> Option<&mut Item> {
        match self.items.last() {
            Some((index, false)) if self.quotes == 0 => self.body.items.get_mut(*index),
            _ => None,
        }
    }

    fn end_item_text(&mut self) {
        if let Some((_, over)) = self.items.last_mut() {
            *over = true;
        }
    }

    fn reaches_end(&self, span: Span) -> bool {
        self.depth == 0
            && Span::new(span.end, self.body.span.end)
                .of(self.text)
                .trim()
                .is_empty()
    }

    fn first_line(&self, span: Span) -> Span {
        let line = Span::new(span.start, next_line(self.text, span.start));
        Span::new(line.start, line.start + line.of(self.text).trim_end().len())
    }

    fn finish(mut self) -> Body<'a> {
        self.end_section(self.body.span.end);
        self.body
    }
}

fn extend(span: Span, by: Span) -> Span {
    if span == Span::default() {
        by
    } else {
        span.joined(by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
