//! The subset of YAML that nearly all frontmatter is made of, read line by line.
//!
//! This only saves time. It hands over to the parser of record the moment it meets anything but
//! block maps and lists of one-line scalars, and for what it does accept it makes the very nodes
//! that parser would: without this file nothing changes but the time, and tests hold both against
//! each other on generated text.
//!
//! Accepted are lines of the form `key: value`, `key:`, `- key: value`, `- key:` and `- value`,
//! indented by spaces. Keys are words. Values are quoted without escapes, or plain and free of
//! whatever could mean something to YAML. Comments, blank lines, tabs, flow collections, block
//! scalars, anchors, tags, several lines to a value and every kind of error are for the parser of
//! record.

use granit_parser::ScalarStyle;

use super::{Builder, Kind, NESTING_LIMIT, Node, Span, Tree, find_unusual};

/// Longest key, well below YAML's own limit for keys of this kind.
const KEY_LIMIT: usize = 128;

/// Reads the YAML that `span` covers in `text`, or gives up.
pub(super) fn parse(text: &str, span: Span) -> Option<Tree<'_>> {
    let mut reader = Reader {
        builder: Builder::default(),
        open: Vec::new(),
    };
    let mut start = span.start;
    let mut rest = span.of(text);
    while !rest.is_empty() {
        let length = memchr::memchr(b'\n', rest.as_bytes())?;
        let line = rest.get(..length)?;
        reader.line(line.strip_suffix('\r').unwrap_or(line), start)?;
        start += length + 1;
        rest = rest.get(length + 1..)?;
    }
    while !reader.open.is_empty() {
        reader.close();
    }
    // Text without a single line is for the parser of record to judge.
    reader
        .builder
        .tree
        .root
        .is_some()
        .then(|| reader.builder.finish())
}

/// A collection that is open.
struct Open {
    /// Where its keys or dashes stand.
    column: usize,
    list: bool,
    /// In a map, the end of a key whose value has not come yet.
    key: Option<usize>,
}

struct Reader<'a> {
    builder: Builder<'a>,
    open: Vec<Open>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a str, start: usize) -> Option<()> {
        let content = line.trim_start_matches(' ');
        let column = line.len() - content.len();
        let Some(item) = content.strip_prefix("- ") else {
            let (key, value) = split(content)?;
            self.reach(column, false, start + column)?;
            return self.entry(key, value, start + column);
        };
        self.reach(column, true, start + column)?;
        let item = item.trim_start_matches(' ');
        let column = line.len() - item.len();
        match split(item) {
            Some((key, value)) => {
                self.open(column, false, start + column)?;
                self.entry(key, value, start + column)
            }
            None => self.value(item, start + column),
        }
    }

    /// Opens and closes collections until the innermost one is that of a line at this column.
    fn reach(&mut self, column: usize, list: bool, at: usize) -> Option<()> {
        loop {
            let Some(top) = self.open.last_mut() else {
                return match self.builder.tree.root {
                    None => self.open(column, list, at),
                    Some(_) => None,
                };
            };
            if top.key.is_some() {
                // The dashes of a list may stand in the column of the key that holds it. Such a
                // list has its span from its first item on, which is for the parser of record.
                if column > top.column {
                    top.key = None;
                    return self.open(column, list, at);
                }
                if column == top.column && list {
                    return None;
                }
            } else if column == top.column && list == top.list {
                return Some(());
            } else if column > top.column || column == top.column && list {
                return None;
            }
            if column == top.column && !top.list {
                self.absent();
            } else {
                self.close();
            }
        }
    }

    fn open(&mut self, column: usize, list: bool, at: usize) -> Option<()> {
        let flow = false;
        let kind = if list {
            let items = Vec::new();
            Kind::Seq { items, flow }
        } else {
            let entries = Vec::new();
            Kind::Map { entries, flow }
        };
        self.builder.open(Node::new(Span::at(at), kind, false));
        let key = None;
        self.open.push(Open { column, list, key });
        (self.open.len() < NESTING_LIMIT).then_some(())
    }

    fn close(&mut self) {
        self.absent();
        self.open.pop();
        // Where a block collection ends follows from what is in it.
        self.builder.close(Some(Span::default()));
    }

    /// Gives a key that waits for one an absent value.
    fn absent(&mut self) {
        if let Some(at) = self.open.last_mut().and_then(|top| top.key.take()) {
            self.builder
                .place(scalar("~", ScalarStyle::Plain, Span::at(at)));
        }
    }

    fn entry(&mut self, key: &'a str, value: &'a str, at: usize) -> Option<()> {
        let span = Span::new(at, at + key.len());
        self.builder.place(scalar(key, ScalarStyle::Plain, span));
        if value.is_empty() {
            self.open.last_mut()?.key = Some(span.end);
            return Some(());
        }
        let text = value.trim_start_matches(' ');
        self.value(text, span.end + 1 + value.len() - text.len())
    }

    /// Places the value that fills the rest of a line.
    fn value(&mut self, text: &'a str, at: usize) -> Option<()> {
        let unusual = find_unusual(text.as_bytes(), |byte| (b' '..=b'~').contains(&byte));
        (unusual.is_none() || text.chars().all(is_tame)).then_some(())?;
        let quoted = |quote: char| {
            let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
            let plain = !inner.contains(quote) && (quote == '\'' || !inner.contains('\\'));
            plain.then_some(inner)
        };
        let (value, style) = match text.as_bytes().first()? {
            b'"' => (quoted('"')?, ScalarStyle::DoubleQuoted),
            b'\'' => (quoted('\'')?, ScalarStyle::SingleQuoted),
            first if first.is_ascii_alphanumeric() || *first == b'/' => {
                let ends = text.ends_with([' ', ':']);
                let mut pairs = text.as_bytes().windows(2);
                let means_something = ends || pairs.any(|pair| matches!(pair, b": " | b" #"));
                (!means_something).then_some((text, ScalarStyle::Plain))?
            }
            _ => return None,
        };
        let span = Span::new(at, at + text.len());
        self.builder.place(scalar(value, style, span));
        Some(())
    }
}

fn scalar(text: &str, style: ScalarStyle, span: Span) -> Node<'_> {
    let value = text.into();
    Node::new(span, Kind::Scalar { value, style }, false)
}

/// The key and what follows its colon.
fn split(content: &str) -> Option<(&str, &str)> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = content.bytes().take_while(|byte| is_word(byte)).count();
    let (key, value) = content.split_at_checked(length)?;
    let value = value.strip_prefix(':')?;
    let word = length <= KEY_LIMIT && key.starts_with(|c: char| c.is_ascii_alphabetic());
    (word && (value.is_empty() || value.starts_with(' '))).then_some((key, value))
}

/// Printable in YAML, on one line, and no byte order mark.
fn is_tame(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
        && !matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Both trees as text, spans included; the first is absent where this tier gives up.
    fn both(text: &str) -> (Option<String>, String) {
        let span = Span::new(0, text.len());
        let plain = parse(text, span).map(|tree| format!("{tree:#?}"));
        (
            plain,
            format!("{:#?}", super::super::parse_fully(text, span)),
        )
    }

    #[test]
    fn the_usual_frontmatter_is_accepted_and_read_alike() {
        for text in [
            "session:\n  title: \"Weather\"\n  status: in_progress\n  created: '2025-12-04T14:30:00Z'\n",
            "a: 1\r\nb:\r\n  - x\r\n  - y: \"ü\"\r\n    z:\r\nc:\r\n",
            "a:\n - b: 1\n   c: 2\n -  d: 3\n    e:\ne: https://example.com/a#b\n",
            "orchestration:\n  spawned_agents:\n    - agent: a\n      task: \"t\"\n  current_task: t\n",
            "a:\nb:\n",
        ] {
            let (plain, full) = both(text);
            assert_eq!(plain.as_ref(), Some(&full), "{text}");
        }
    }

    #[test]
    fn what_is_unusual_is_handed_over() {
        for text in [
            "",
            "a",
            "a: 1",
            "# c\n",
            "a: b # c\n",
            "a: [b]\n",
            "a: |\n  b\n",
            "a: b\n  c\n",
            "a: *b\n",
            "a: b: c\n",
            "- - a\n",
            "a:\tb\n",
            "a: \"b\\n\"\n",
            "a: 'b''c'\n",
            "\n",
            "a: \n",
            "a: b \n",
            "  a: b\nc: d\n",
            "a: b\n- c\n",
            "a:\n- b\n",
            "- a\nb: c\n",
            "a: \u{85}\n",
            "? a\n",
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
                let (plain, full) = both(document.frontmatter.content.of(document.text));
                all += 1;
                if let Some(plain) = plain {
                    accepted += 1;
                    assert_eq!(plain, full);
                }
            }
        }
        assert!(accepted > all / 3, "{accepted} of {all}");
    }

    fn lines() -> impl Strategy<Value = String> {
        let indent = prop::sample::select(vec!["", "", "  ", "  ", "    ", " ", "      "]);
        let dash = prop::sample::select(vec!["", "", "", "- ", "-  ", "- - ", "-"]);
        let key = prop::sample::select(vec![
            "a: ", "b: ", "key_2: ", "a:", "c:", "", "x y: ", "a:  ",
        ]);
        let value = prop::sample::select(vec![
            "",
            "",
            "v",
            "1",
            "true",
            "~",
            "\"q\"",
            "'q'",
            "\"\"",
            "a b",
            "a:b",
            "a: b",
            "a #b",
            "a#b",
            "/x",
            "-",
            "...",
            "ü",
            "[x]",
            "\u{a0}",
            "\u{2028}",
            "\u{feff}",
            "it's",
            "\"it's\"",
            "x ",
            "\"a\\tb\"",
            "'a''b'",
            "a, b",
            "x]",
            "%",
            "@",
            "v:",
            "\0",
            "http://x",
            "2025-12-04T14:30:00Z",
        ]);
        let end = prop::sample::select(vec!["\n", "\n", "\n", "\n", "\r\n", "\r", "\n\n", ""]);
        let line = (indent, dash, key, value, end)
            .prop_map(|(indent, dash, key, value, end)| format!("{indent}{dash}{key}{value}{end}"));
        prop::collection::vec(line, 0..9).prop_map(|lines| lines.concat())
    }

    /// Lines that are accepted more often than not, so that deep nesting is reached.
    fn tame_lines() -> impl Strategy<Value = String> {
        let indent = prop::sample::select(vec!["", "  ", "  ", "    ", "    ", "      "]);
        let dash = prop::sample::select(vec!["", "", "- "]);
        let rest = prop::sample::select(vec!["a: v", "b:", "c: \"q\"", "d:", "e: 'q'", "v"]);
        let line =
            (indent, dash, rest).prop_map(|(indent, dash, rest)| format!("{indent}{dash}{rest}\n"));
        prop::collection::vec(line, 1..8).prop_map(|lines| lines.concat())
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
