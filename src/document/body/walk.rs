//! One walk over the events of the parser of record, which leaves a [`Body`] behind.

use std::borrow::Cow;

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use super::{Body, Fill, Heading, Item, Section, Unclosed, Verbatim, initial, trim_blank_lines};
use crate::document::span::{Span, line_start, next_line};

/// Whether the text of a fenced code block ends with its closing fence.
pub(in crate::document) fn is_closed_fence(block: &str) -> bool {
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

pub(super) struct Walk<'a> {
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
    in_verbatim: bool,
    /// False before the first section and behind a further heading of level 1.
    in_section: bool,
    /// Rules that nothing has followed yet.
    rules: Vec<usize>,
}

impl<'a> Walk<'a> {
    pub fn new(text: &'a str, span: Span) -> Self {
        Self {
            text,
            body: Body {
                span,
                // Enough for most sessions, so that nothing is moved while it grows.
                headings: Vec::with_capacity(32),
                sections: Vec::with_capacity(16),
                items: Vec::with_capacity(16),
                verbatim: Vec::with_capacity(32),
                unclosed: None,
            },
            depth: 0,
            quotes: 0,
            items: Vec::new(),
            list_depth: 0,
            heading: None,
            in_verbatim: false,
            in_section: false,
            rules: Vec::new(),
        }
    }

    pub fn event(&mut self, event: Event<'a>, span: Span) {
        match event {
            Event::Start(tag) => self.start(&tag, span),
            Event::End(tag) => self.end(tag, span),
            Event::Rule => self.rule(span.start),
            Event::TaskListMarker(done) => {
                if let Some(item) = self.current_item() {
                    item.checkbox = Some((span, done));
                }
            }
            Event::Text(text) => {
                self.heading_text(text.into());
                self.inline(span);
            }
            Event::Code(text) => {
                self.verbatim(span, Verbatim::Code);
                self.heading_text(text.into());
                self.inline(span);
            }
            Event::InlineHtml(_) => {
                self.verbatim(span, Verbatim::Html);
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

    pub fn rule(&mut self, at: usize) {
        if self.depth == 0 {
            self.rules.push(at);
        }
    }

    pub fn begin_heading(&mut self, level: u8, span: Span) {
        self.end_item_text();
        if self.depth == 0 {
            self.start_heading(level, span);
        }
    }

    pub fn start(&mut self, tag: &Tag<'a>, span: Span) {
        match tag {
            Tag::Paragraph => self.block(),
            Tag::Heading { level, .. } => self.begin_heading(*level as u8, span),
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
                        span,
                        checkbox: None,
                        text: Span::default(),
                    });
                }
            }
            Tag::BlockQuote(_) => {
                self.verbatim(span, Verbatim::Quote);
                self.block();
                self.end_item_text();
                self.depth += 1;
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                self.verbatim(span, Verbatim::Code);
                self.block();
                self.end_item_text();
                self.in_verbatim = true;
                let fenced = matches!(kind, CodeBlockKind::Fenced(_));
                if fenced && self.reaches_end(span) && !is_closed_fence(span.of(self.text)) {
                    self.body.unclosed = Some(Unclosed::Fence(self.first_line(span)));
                }
            }
            Tag::HtmlBlock => {
                let html = span.of(self.text).trim();
                self.verbatim(span, Verbatim::Html);
                self.block();
                self.end_item_text();
                self.in_verbatim = true;
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

    pub fn end(&mut self, tag: TagEnd, span: Span) {
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
                let item = (self.quotes == 0).then(|| self.items.pop()).flatten();
                if let Some(item) = item.and_then(|(index, _)| self.body.items.get_mut(index)) {
                    item.span = span;
                }
            }
            TagEnd::BlockQuote(_) => {
                self.depth -= 1;
                self.quotes -= 1;
            }
            TagEnd::CodeBlock | TagEnd::HtmlBlock => self.in_verbatim = false,
            _ => self.inline(span),
        }
    }

    /// A block begins; at the top level, the rules before it separate nothing from the next section.
    fn block(&mut self) {
        if self.depth == 0 {
            self.rules.clear();
        }
    }

    pub fn verbatim(&mut self, span: Span, kind: Verbatim) {
        let last = self.body.verbatim.last();
        if last.is_none_or(|(last, _)| last.end <= span.start) {
            self.body.verbatim.push((span, kind));
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

    fn end_heading(&mut self, mut heading: Heading<'a>) {
        if heading.text_span.is_empty() {
            heading.text_span = Span::at(heading.span.end);
        }
        // A blank beyond ASCII is a part of the text.
        heading.span.end = heading.span.end.max(heading.text_span.end);
        if heading.level == 2 {
            let start = next_line(self.text, heading.span.end);
            self.body.sections.push(Section {
                heading: self.body.headings.len(),
                content: Span::at(start),
                body: Span::at(start),
                fill: Fill::Empty,
                initial: initial(&heading.title),
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

    pub fn inline(&mut self, span: Span) {
        if self.in_verbatim {
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

    pub fn finish(mut self) -> Body<'a> {
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
