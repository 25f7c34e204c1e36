use super::context::{Context, Findings, Safety};
use super::rule::{Severity, declare};
use crate::document::{Span, find_unusual, line_start, next_line};

declare! {
    /// The file holds characters that cannot be seen.
    ///
    /// ## What it checks
    ///
    /// No control character but tabs and line ends; none that changes the direction in which text
    /// is shown (an error if it overrides or isolates it); none without a width; no tags. Each of
    /// these kinds is reported once, at its first place. A byte order mark at the start is fine,
    /// and so is what scripts and emoji need: joiners behind letters that are not ASCII,
    /// zero-width blanks in Thai, Lao, Burmese and Khmer, direction marks next to Hebrew or
    /// Arabic, tags of a flag.
    ///
    /// ## Why
    ///
    /// An agent reads another text than the person who reviewed it. A terminal obeys it.
    ///
    /// ## Example
    ///
    /// A file name pasted from a web page with U+200B in it: it looks right, and no such file
    /// exists.
    ///
    /// ## Instead
    ///
    /// The same name, typed.
    ///
    /// ## Fix
    ///
    /// All characters of the kind are removed, and with an escape character the sequence that it
    /// begins: unsafe, because somebody put them there, and should see what is left.
    "AS702", "hidden-character", Safety, Warning, check
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Direction,
    ZeroWidth,
    Control,
    Tag,
}

/// One kind as it was found.
struct Seen {
    kind: Kind,
    character: char,
    severity: Severity,
    /// Where its characters are; what is removed for one may take in more.
    spans: Vec<Span>,
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let text = cx.document.text;
    let known_elsewhere = known_elsewhere(cx);
    let mut seen: [Option<Seen>; 4] = [const { None }; 4];
    let mut from = 0;
    while let Some(at) = next_candidate(text, from) {
        let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) else {
            break;
        };
        from = at + character.len_utf8();
        let span = Span::new(at, from);
        let Some(kind) = kind_of(character).filter(|&kind| !is_meant(text, span, character, kind))
        else {
            continue;
        };
        if kind == Kind::Control && known_elsewhere.contains(span) {
            continue;
        }
        let severity = match character {
            '\0' | '\u{202d}' | '\u{202e}' | '\u{2066}'..='\u{2069}' => Severity::Error,
            _ => Severity::Warning,
        };
        if let Some(slot) = seen.get_mut(kind as usize) {
            let seen = slot.get_or_insert(Seen {
                kind,
                character,
                severity,
                spans: Vec::new(),
            });
            seen.spans.push(span);
            seen.severity = seen.severity.max(severity);
        }
    }
    for seen in seen.into_iter().flatten() {
        let what = match seen.kind {
            Kind::Direction => "changes the direction in which text is shown",
            Kind::ZeroWidth => "cannot be seen: it has no width",
            Kind::Control => "is a control character",
            Kind::Tag => "cannot be seen: it is a tag",
        };
        let more = match seen.spans.len() {
            1 => String::new(),
            count => format!("; it is the first of {count} such characters"),
        };
        let code = u32::from(seen.character);
        found.report_as(
            seen.severity,
            seen.spans.first().copied().unwrap_or_default(),
            format!("U+{code:04X} {what}{more}"),
            "remove it, or write what it stands for",
        );
        let mut removed: Vec<Span> = Vec::new();
        for span in seen.spans {
            if removed.last().is_none_or(|last| last.end <= span.start) {
                removed.push(sequence(text, span));
            }
        }
        let removed = removed.into_iter().map(|span| (span, String::new()));
        found.fix(Safety::Unsafe, removed);
    }
}

/// A control character with the rest of the sequence that a terminal reads with it. Any other escape
/// breaks a sequence off, so that nothing is read for more than one of them.
fn sequence(text: &str, span: Span) -> Span {
    let rest = text.as_bytes().get(span.end..).unwrap_or(&[]);
    let length = match (span.of(text), rest) {
        ("\u{1b}", [b'[', rest @ ..]) => parameters(rest).map(|length| length + 1),
        ("\u{9b}", _) => parameters(rest),
        ("\u{1b}", [b']', ..]) => command(rest),
        _ => None,
    };
    Span::new(span.start, span.end + length.unwrap_or(0))
}

/// The length of the parameters of a control sequence and of the byte that ends them.
fn parameters(rest: &[u8]) -> Option<usize> {
    let end = rest.iter().position(|byte| !matches!(byte, b' '..=b'?'))?;
    matches!(rest.get(end), Some(b'@'..=b'~')).then_some(end + 1)
}

/// The length of a command to the operating system and of what ends it, on the same line.
fn command(rest: &[u8]) -> Option<usize> {
    let ends = |byte: &u8| matches!(byte, b'\x07' | b'\x1b' | b'\n' | b'\r');
    let end = rest.iter().position(ends)?;
    match rest.get(end..)? {
        [b'\x07', ..] => Some(end + 1),
        [b'\x1b', b'\\', ..] => Some(end + 2),
        _ => None,
    }
}

/// The next byte that can begin a hidden character, going by the byte alone or the one after it.
fn next_candidate(text: &str, mut from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    loop {
        let at = from + find_unusual(bytes.get(from..)?, is_plain)?;
        let next = bytes.get(at + 1).copied().unwrap_or(0);
        let suspect = match bytes.get(at)? {
            0..0x80 => true,
            // Most of what is not ASCII begins with another byte or goes on differently.
            0xc2 => next < 0xa0,
            0xd8 => next == 0x9c,
            0xe2 => matches!(next, 0x80 | 0x81),
            0xef => next == 0xbb,
            0xf3 => next == 0xa0,
            _ => false,
        };
        if suspect {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Printable ASCII and line breaks. Without branches, so that many bytes are compared at a time:
/// most text is nothing else.
#[expect(clippy::needless_bitwise_bool, reason = "lazy operators are branches")]
fn is_plain(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) | (byte == b'\n') | (byte == b'\r') | (byte == b'\t')
}

/// Whether a text is one line of characters that can be seen.
pub(super) fn is_visible(text: &str) -> bool {
    !text.chars().any(|c| kind_of(c).is_some())
}

fn kind_of(c: char) -> Option<Kind> {
    Some(match c {
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Kind::Direction
        }
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => Kind::ZeroWidth,
        '\u{e0000}'..='\u{e007f}' => Kind::Tag,
        c if c.is_control() => Kind::Control,
        _ => return None,
    })
}

/// How many characters around one are looked at.
const NEAR: usize = 64;

/// Whether a character is needed where it is.
fn is_meant(text: &str, span: Span, character: char, kind: Kind) -> bool {
    let before = text.get(..span.start).unwrap_or("");
    let after = text.get(span.end..).unwrap_or("");
    let previous = before.chars().next_back();
    let next = after.chars().next();
    match character {
        '\u{feff}' => span.start == 0,
        '\u{200c}' | '\u{200d}' => {
            previous.is_some_and(|c| !c.is_ascii() && !c.is_whitespace() && kind_of(c).is_none())
        }
        '\u{200b}' => {
            previous.is_some_and(breaks_without_blank) && next.is_some_and(breaks_without_blank)
        }
        '\u{61c}' | '\u{200e}' | '\u{200f}' => {
            let near = before.chars().rev().take(NEAR);
            let mut near = near.take_while(|&c| c != '\n');
            let mut far = after.chars().take(NEAR).take_while(|&c| c != '\n');
            near.any(is_right_to_left) || far.any(is_right_to_left)
        }
        _ if kind == Kind::Tag => {
            let mut near = before.chars().rev().take(NEAR);
            near.find(|&c| kind_of(c) != Some(Kind::Tag)) == Some('🏴')
        }
        _ => false,
    }
}

/// Letters of scripts that put no blank between words: Thai, Lao, Burmese, Khmer.
fn breaks_without_blank(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

fn is_right_to_left(c: char) -> bool {
    c != '\u{61c}'
        && matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}')
}

/// Where another rule says why a control character is there: in a file in another encoding, or on
/// the line on which the YAML breaks off.
fn known_elsewhere(cx: &Context<'_>) -> Span {
    let text = cx.document.text;
    if !cx.source.invalid().is_empty() {
        return Span::new(0, text.len());
    }
    let error = cx.document.frontmatter.error.as_ref();
    let error = error.filter(|_| cx.has_frontmatter());
    error.map_or_else(Span::default, |error| {
        let start = line_start(text, error.offset);
        Span::new(start, next_line(text, start))
    })
}
