//! The subset of Markdown that nearly all sessions are made of, read line by line.
//!
//! This only saves time. It hands over to the parser of record the moment it meets anything that
//! it does not fully understand, and for what it does accept it tells [`Walk`] what that parser
//! would: without this file nothing changes but the time, and tests hold both against each other
//! on generated text.
//!
//! Accepted are headings written with `#`, paragraphs, lists without blocks in their items,
//! closed fences of backticks, closed comments and `---`, all of them without indentation that
//! their place does not ask for. In running text, code spans are found; whatever else could decide
//! where one begins (escapes, tags, destinations of links with anything unusual) is for the parser
//! of record, and so are tabs, carriage returns, trailing blanks, quotes, link definitions,
//! underlined headings and several paragraphs to an item.

use memchr::{memchr, memchr2, memmem};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Tag, TagEnd};

use super::walk::Walk;
use super::{Body, Span, Verbatim, find_unusual};

/// Deepest nesting of lists.
const NESTING_LIMIT: usize = 16;

/// Reads the part of `text` that `span` covers, or gives up.
pub(super) fn parse(text: &str, span: Span) -> Option<Body<'_>> {
    let source = span.of(text);
    if memchr2(b'\r', b'\0', source.as_bytes()).is_some() {
        return None;
    }
    let mut reader = Reader {
        source,
        base: span.start,
        walk: Walk::new(text, span),
        items: Vec::new(),
        paragraph: None,
    };
    let mut at = 0;
    while at < source.len() {
        at = reader.block(at)?;
    }
    reader.end_paragraph()?;
    reader.close_items(0, at);
    Some(reader.walk.finish())
}

/// An item that is open.
struct Open {
    /// Where its marker stands.
    column: usize,
    /// Where its text stands.
    content: usize,
    /// What ends its marker, which is the same in all items of a list.
    kind: u8,
    start: usize,
}

struct Reader<'a> {
    source: &'a str,
    /// What is to be added to offsets into `source`.
    base: usize,
    walk: Walk<'a>,
    items: Vec<Open>,
    /// The text of the paragraph that is open, in an item or not.
    paragraph: Option<Span>,
}

impl<'a> Reader<'a> {
    /// Reads the block, or the line of one, that starts at `at`; returns what stands behind it.
    fn block(&mut self, at: usize) -> Option<usize> {
        let rest = self.source.get(at..)?;
        let end = at + memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        let next = (end + 1).min(self.source.len());
        let line = self.source.get(at..end)?;
        if line.is_empty() {
            self.end_paragraph()?;
            return Some(next);
        }
        let content = line.trim_start_matches(' ');
        let column = line.len() - content.len();
        if let Some(marker) = Marker::of(content) {
            self.item(at, column, marker)?;
            self.item_text(at + column + marker.width, end)?;
            return Some(next);
        }
        if column > 0 {
            // Nothing but the text of an item goes on indented.
            let item = self.items.last()?;
            (self.paragraph.is_some() && column == item.content).then_some(())?;
            self.text(at + column, end)?;
            return Some(next);
        }
        match content.as_bytes() {
            [b'#', ..] => self.heading(content, at)?,
            [b'`', b'`', b'`', ..] => return self.fence(content, at, next),
            [b'<', b'!', b'-', b'-', ..] => return self.comment(at),
            b"---" => {
                self.paragraph.is_none().then_some(())?;
                self.close_items(0, at);
                self.walk.rule(self.base + at);
            }
            _ if self.paragraph.is_some() => {
                // At the margin, the text of an item would go on only by being lazy.
                self.items.is_empty().then_some(())?;
                self.text(at, end)?;
            }
            _ => {
                self.close_items(0, at);
                self.walk.start(&Tag::Paragraph, Span::default());
                self.first_text(at, end)?;
            }
        }
        Some(next)
    }

    /// Opens the item whose marker stands in this column, in a list that is open or a new one.
    fn item(&mut self, at: usize, column: usize, marker: Marker) -> Option<()> {
        let interrupts = self.paragraph.is_some();
        self.end_paragraph()?;
        let depth = self.items.iter().position(|item| item.column >= column);
        let before = depth.and_then(|depth| self.items.get(depth));
        let place = match before {
            Some(item) => Some(item.column),
            // Behind a blank line it would be a second block of the item.
            None if interrupts => self.items.last().map(|item| item.content).or(Some(0)),
            None => self.items.is_empty().then_some(0),
        };
        (place == Some(column)).then_some(())?;
        if before.is_some_and(|item| item.kind == marker.kind) {
            self.close_items(depth? + 1, at);
            self.end_item(at);
        } else {
            (!interrupts || marker.may_interrupt).then_some(())?;
            self.close_items(depth.unwrap_or(self.items.len()), at);
            self.walk.start(&Tag::List(None), Span::default());
        }
        let start = at + column;
        self.walk.start(&Tag::Item, Span::at(self.base + start));
        self.items.push(Open {
            column,
            content: column + marker.width,
            kind: marker.kind,
            start,
        });
        (self.items.len() < NESTING_LIMIT).then_some(())
    }

    /// The first line of an item, with its checkbox.
    fn item_text(&mut self, start: usize, end: usize) -> Option<()> {
        let done = match self.source.as_bytes().get(start..start + 4) {
            Some(b"[ ] ") => false,
            Some(b"[x] " | b"[X] ") => true,
            _ => return self.first_text(start, end),
        };
        let checkbox = Span::new(start, start + 3).shifted(self.base);
        self.walk.event(Event::TaskListMarker(done), checkbox);
        self.first_text(start + 4, end)
    }

    /// The first line of a paragraph. A link definition or a checkbox is none.
    fn first_text(&mut self, start: usize, end: usize) -> Option<()> {
        let line = self.source.get(start..end)?;
        if line.starts_with('[') {
            let (label, behind) = line.split_once(']')?;
            (!behind.starts_with(':') && label.len() > 2).then_some(())?;
        }
        self.text(start, end)
    }

    /// A line of a paragraph.
    fn text(&mut self, start: usize, end: usize) -> Option<()> {
        let line = self.source.get(start..end)?;
        is_text(line).then_some(())?;
        self.paragraph.get_or_insert(Span::new(start, end)).end = end;
        Some(())
    }

    /// Looks for code spans in the paragraph that is open.
    fn end_paragraph(&mut self) -> Option<()> {
        let Some(span) = self.paragraph.take() else {
            return Some(());
        };
        let text = span.of(self.source).as_bytes();
        let mut at = 0;
        while let Some(found) = find_unusual(text.get(at..)?, is_letter) {
            at += found;
            let rest = text.get(at + 1..)?;
            match text.get(at)? {
                b'`' => {
                    let code = code_span(text.get(at..)?)?;
                    let start = self.base + span.start + at;
                    self.walk
                        .verbatim(Span::new(start, start + code), Verbatim::Code);
                    at += code;
                    continue;
                }
                b'<' if !matches!(
                    rest.first(),
                    Some(b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!' | b'?')
                ) => {}
                b']' => {
                    if let [b'(', link @ ..] = rest {
                        let end = link.iter().position(|&byte| !is_destination(byte))?;
                        (link.get(end) == Some(&b')')).then_some(())?;
                    }
                }
                _ => return None,
            }
            at += 1;
        }
        self.walk.inline(span.shifted(self.base));
        Some(())
    }

    fn end_item(&mut self, at: usize) {
        if let Some(item) = self.items.pop() {
            let span = Span::new(item.start, at).shifted(self.base);
            self.walk.end(TagEnd::Item, span);
        }
    }

    /// Closes the items from this depth on, and the lists that they are in.
    fn close_items(&mut self, depth: usize, at: usize) {
        while self.items.len() > depth {
            self.end_item(at);
            self.walk.end(TagEnd::List(false), Span::default());
        }
    }

    fn heading(&mut self, line: &'a str, at: usize) -> Option<()> {
        self.end_paragraph()?;
        self.close_items(0, at);
        let hashes = line.len() - line.trim_start_matches('#').len();
        let level = u8::try_from(hashes).ok().filter(|level| *level <= 6)?;
        let title = line.get(hashes..)?.strip_prefix(' ')?;
        is_title(title).then_some(())?;
        let end = at + line.len();
        let all = Span::new(at, end).shifted(self.base);
        self.walk.begin_heading(level, all);
        let text = Span::new(end - title.len(), end).shifted(self.base);
        self.walk.event(Event::Text(CowStr::Borrowed(title)), text);
        let level = HeadingLevel::try_from(hashes).ok()?;
        self.walk.end(TagEnd::Heading(level), all);
        Some(())
    }

    /// A code block up to its closing fence.
    fn fence(&mut self, opening: &str, at: usize, next: usize) -> Option<usize> {
        self.end_paragraph()?;
        self.close_items(0, at);
        let info = opening.trim_start_matches('`');
        let fence = opening.strip_suffix(info)?;
        (!info.contains('`')).then_some(())?;
        let mut start = next;
        loop {
            let rest = self.source.get(start..)?;
            let end = start + memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let line = self.source.get(start..end)?;
            if line.trim_start_matches(' ').starts_with(fence) {
                // Whatever else begins like the fence is not judged here.
                (line == fence).then_some(())?;
                let span = Span::new(at, end).shifted(self.base);
                let kind = CodeBlockKind::Fenced(CowStr::Borrowed(""));
                self.walk.start(&Tag::CodeBlock(kind), span);
                self.walk.end(TagEnd::CodeBlock, span);
                return Some((end + 1).min(self.source.len()));
            }
            (end < self.source.len()).then_some(())?;
            start = end + 1;
        }
    }

    /// An HTML block that is a comment, up to the end of the line on which it is closed.
    fn comment(&mut self, at: usize) -> Option<usize> {
        const OPEN: usize = "<!--".len();
        self.paragraph.is_none().then_some(())?;
        self.close_items(0, at);
        let text = self.source.as_bytes().get(at + OPEN..)?;
        // What closes itself with the dashes that open it is not judged here.
        (!text.starts_with(b">") && !text.starts_with(b"->")).then_some(())?;
        let close = memmem::find(text, b"-->")?;
        let behind = text.get(close..)?;
        let length = close + memchr(b'\n', behind).map_or(behind.len(), |line| line + 1);
        let end = at + OPEN + length;
        let span = Span::new(at, end).shifted(self.base);
        self.walk.start(&Tag::HtmlBlock, span);
        self.walk.end(TagEnd::HtmlBlock, span);
        Some(end)
    }
}

/// What opens an item, with one space behind it and text behind that.
#[derive(Clone, Copy)]
struct Marker {
    /// The space included.
    width: usize,
    /// Its last byte, which is the same in all items of a list.
    kind: u8,
    /// Whether a list that begins with it can stand directly behind a paragraph.
    may_interrupt: bool,
}

impl Marker {
    fn of(content: &str) -> Option<Self> {
        let digits = content.bytes().take_while(u8::is_ascii_digit).count();
        let [kind, b' ', text, ..] = content.as_bytes().get(digits..)? else {
            return None;
        };
        let known = match digits {
            0 => matches!(kind, b'-' | b'*' | b'+'),
            _ => digits <= 9 && matches!(kind, b'.' | b')'),
        };
        (known && *text != b' ').then_some(Self {
            width: digits + 2,
            kind: *kind,
            may_interrupt: digits == 0 || content.starts_with('1') && digits == 1,
        })
    }
}

/// Whether a line is running text and nothing else, in a paragraph and at the start of one.
fn is_text(line: &str) -> bool {
    let emphasis =
        |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'`');
    let begins_as_text = match line.as_bytes() {
        [b'#' | b'>' | b'-' | b'+' | b'=' | b'~' | b'<' | b' ', ..]
        | [b'`', b'`', b'`', ..]
        | [] => false,
        [b'*' | b'_', b'*' | b'_', rest @ ..] | [b'*' | b'_', rest @ ..] => emphasis(rest.first()),
        [b'0'..=b'9', ..] => {
            let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
            !matches!(rest.as_bytes(), [b'.' | b')'] | [b'.' | b')', b' ', ..])
        }
        _ => true,
    };
    begins_as_text && !line.ends_with(' ')
}

/// Whether a heading's text is its title as it stands.
fn is_title(text: &str) -> bool {
    let is_emphasis = |pair: &[u8]| matches!(pair, [other, b'_'] | [b'_', other] if !other.is_ascii_alphanumeric());
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_whitespace() || c == '_')
        && !text.ends_with(|c: char| c.is_whitespace() || c == '#' || c == '_')
        && find_unusual(text.as_bytes(), is_title_letter).is_none()
        && !text.as_bytes().windows(2).any(is_emphasis)
}

#[inline]
#[expect(clippy::needless_bitwise_bool, reason = "lazy operators are branches")]
const fn is_title_letter(byte: u8) -> bool {
    is_letter(byte) & (byte != b'\n') & (byte != b'*') & (byte != b'&') & (byte != b'[')
}

/// Whether a byte of running text is nothing more than that.
#[inline]
#[expect(clippy::needless_bitwise_bool, reason = "lazy operators are branches")]
const fn is_letter(byte: u8) -> bool {
    ((byte >= b' ') | (byte == b'\n'))
        & (byte != b'`')
        & (byte != b'<')
        & (byte != b'\\')
        & (byte != b']')
}

/// Whether a byte of a link's destination ends nothing and hides nothing.
fn is_destination(byte: u8) -> bool {
    !matches!(
        byte,
        0..=b' ' | b'"' | b'\'' | b'(' | b')' | b'<' | b'>' | b'`' | b'\\'
    )
}

/// The length of the code span that `text` begins with.
fn code_span(text: &[u8]) -> Option<usize> {
    let run = |text: &[u8]| text.iter().take_while(|&&byte| byte == b'`').count();
    let opening = run(text);
    let mut at = opening;
    loop {
        at += memchr(b'`', text.get(at..)?)?;
        let length = run(text.get(at..)?);
        at += length;
        if length == opening {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Both bodies as text, spans included; the first is absent where this tier gives up.
    fn both(text: &str) -> (Option<String>, String) {
        let span = Span::new(0, text.len());
        let plain = parse(text, span).map(|body| format!("{body:#?}"));
        (plain, format!("{:#?}", Body::parse_fully(text, span)))
    }

    #[test]
    fn what_sessions_are_made_of_is_accepted_and_read_alike() {
        for text in [
            "",
            "\n# Session: T\n\n## Context\n\nOne line,\nand `another`.\n\n---\n\n## Session Log\n",
            "## A\n\n- [ ] BACK-1 - a `b` c\n  goes on\n- [x] d\n  - e\n    - f\n  - g\n\n- h\n\ntext",
            "1. a\n2. b\n\n10. c\n\n- d\n## B\ntext\n# C",
            "text\n```sh\n# a\n\n- b\n```\n- c\n```\n```\n",
            "<!-- a -->\n\n<!-- b\n\n- c --> d\n\n**Decision**: [e](f#g) < 5, *h* and ``i`j``.\n",
            "- a\n\n---\n\n### 2025-12-04 14:30 - pm/update\n\nÜber 5.\n4.5 is text\n",
        ] {
            let (plain, full) = both(text);
            assert_eq!(plain.as_ref(), Some(&full), "{text}");
        }
    }

    #[test]
    fn what_is_unusual_is_handed_over() {
        for text in [
            "a\r\n",
            "a\n---\n",
            "a\n===\n",
            "- a\nb\n",
            "- a\n\n  b\n",
            "-  a\n",
            "    a\n",
            "> a\n",
            "a \n",
            "a\tb\n",
            "`a\n",
            "\\`a`\n",
            "<b>`\n",
            "[a](b \"`\")\n",
            "[a]: b\n",
            "a\n2. b\n",
            "- a\n2. b\n",
            "-\n",
            "***\n",
            "#a\n",
            "# a #\n",
            "# *a*\n",
            "####### a\n",
            "```\na\n",
            "```\n ```\n",
            "~~~\n~~~\n",
            "<!--> a -->\n",
            "<!-- a\n",
            "a\n<!-- b -->\n",
        ] {
            assert_eq!(both(text).0, None, "{text:?}");
        }
    }

    #[test]
    fn every_fixture_is_read_alike() {
        let (mut accepted, mut all) = (0, 0);
        for kind in ["good", "bad"] {
            let folder = format!("{}/fixtures/{kind}", env!("CARGO_MANIFEST_DIR"));
            for file in std::fs::read_dir(folder).unwrap() {
                let bytes = std::fs::read(file.unwrap().path()).unwrap();
                let source = crate::document::Source::new(bytes);
                let document = crate::document::Document::parse(&source);
                let (plain, full) = both(document.body.span.of(document.text));
                all += 1;
                if let Some(plain) = plain {
                    accepted += 1;
                    assert_eq!(plain, full);
                }
            }
        }
        assert!(accepted > all / 2, "{accepted} of {all}");
    }

    fn lines() -> impl Strategy<Value = String> {
        let indent =
            prop::sample::select(vec!["", "", "", "", "  ", "  ", "   ", "    ", " ", "\t"]);
        let start = prop::sample::select(vec![
            "", "", "", "", "- ", "- ", "* ", "+ ", "1. ", "2. ", "10. ", "3) ", "- [ ] ",
            "- [x] ", "- [X]", "1. [ ] ", "# ", "## ", "### ", "#", "> ", "```", "````", "```sh",
            "~~~", "---", "***", "===", "<!-- ", "<!--", "-", "-  ", "- - ", "<div>", "<", "|",
            ": ", "1.", "--- ",
        ]);
        let words = prop::sample::select(vec![
            "",
            "a",
            "b c",
            "`d`",
            "`e",
            "``f`g``",
            "*h*",
            "**i**",
            "_j_",
            "k_l",
            "[m](n)",
            "[o]",
            "[p]: q",
            "[r](`s`)",
            "[t](u \"`\")",
            "![v](w)",
            "<x>",
            "<y `z`>",
            "< 1",
            "a > b",
            "\\`",
            "\\",
            "&amp;",
            "-->",
            "<!-- c -->",
            "<http://a`b>",
            "5.",
            "4.5",
            "ü",
            "\u{a0}",
            "\u{2028}",
            "#",
            "a #",
            "a  ",
            "\0",
            "\u{feff}",
            "]",
            "](",
            "!",
            "=",
            "-",
            "- a",
            "1. a",
            "~",
            "**",
            "***a***",
            "[ ] a",
            "[x]",
            "http://e.org/`",
            "```",
            "`",
            "'",
            "\"",
            "(",
            ")",
            "|",
            "\u{b}",
            "\u{c}",
            "\u{85}",
            "[^1]",
            "[^1]: a",
            "$x$",
            "a | b",
            "--|--",
            "{#id}",
            "# {.c}",
            "^a^",
            "_a",
            "a_",
            "_",
            "a_ b",
            "[a] b",
            "[a\\]: b",
            "[ ]: x",
            "[a",
            "b]: c",
        ]);
        let end = prop::sample::select(vec![
            "\n", "\n", "\n", "\n", "\n\n", "\n\n", "\n\n\n", "\r\n", " \n", "\n \n", "",
        ]);
        let words = prop::collection::vec(words, 0..4).prop_map(|words| words.join(" "));
        let line = (indent, start, words, end)
            .prop_map(|(indent, start, words, end)| format!("{indent}{start}{words}{end}"));
        prop::collection::vec(line, 0..9).prop_map(|lines| lines.concat())
    }

    /// Lines that are accepted more often than not, so that what follows them is reached.
    fn tame_lines() -> impl Strategy<Value = String> {
        let line = prop::sample::select(vec![
            "a\n",
            "a `b` c\n",
            "`a\n",
            "b` c\n",
            "\n",
            "\n",
            "\n",
            "- a\n",
            "- [ ] a\n",
            "  - b\n",
            "  - [x] `b`\n",
            "    - c\n",
            "  goes on\n",
            "    goes on\n",
            "1. a\n",
            "2. b\n",
            "   - c\n",
            "   1. d\n",
            "# A\n",
            "## B\n",
            "### Wave 1: C (DONE)\n",
            "---\n",
            "```\n",
            "```sh\n",
            "````\n",
            "<!-- a -->\n",
            "<!-- a\n",
            "b -->\n",
            "**a**: b\n",
            "[a](b)\n",
            "* a\n",
            "  * b\n",
            "a",
            "  1. d\n",
            "  2. e\n",
            "- `a\n",
            "  b`\n",
            "*a* `*b`*\n",
            "a < b ``c`` ]\n",
        ]);
        prop::collection::vec(line, 1..12).prop_map(|lines| lines.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_accepted_is_read_as_the_parser_of_record_reads_it(
            text in prop_oneof![lines(), tame_lines()],
        ) {
            if let (Some(plain), full) = both(&text) {
                prop_assert_eq!(plain, full, "{:?}", text);
            }
        }
    }
}
