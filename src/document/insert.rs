//! Makes text that a person or an agent wrote safe to stand inside a session.
//!
//! Whatever the text, the sections and entries of the document are the same before and after. A
//! heading or rule at the text's top level is escaped with a backslash, and so is an HTML block
//! that would run on or a line that would mark a merge conflict; an open code fence is closed,
//! because its content is meant as code. Headings and rules inside fences, lists and quotes
//! structure nothing and stay as they are.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

use super::body::{MARKDOWN, is_closed_fence};
use super::conflict::markers;
use super::span::{Span, line_start};

/// The heading that is put behind the text to see whether it would still be one.
const PROBE: &str = "\n\n# probe\n";

/// Makes `text` fit for a section in which headings up to `level` have a meaning. Returns it with
/// `\n` line ends, without blank lines around it.
pub fn block(text: &str, level: u8) -> String {
    let mut text = normalized(text);
    // Escaping one thing can uncover another, seldom more than once; hostile text does not get to
    // choose how often all of it is parsed.
    for _ in 0..8 {
        match repairs(&text, level) {
            Repairs::None => {
                let whole = Span::new(0, text.len());
                let mut marks: Vec<_> = markers(&text, whole).map(|line| line.start).collect();
                if marks.is_empty() {
                    return text;
                }
                marks.sort_unstable();
                text = escaped(&text, &marks);
            }
            Repairs::Escape(offsets) => text = escaped(&text, &offsets),
            Repairs::Close(fence) => {
                text.push('\n');
                text.push_str(&fence);
            }
        }
    }
    // Every line that could open anything, code or not.
    text.lines()
        .map(|line| {
            let body = line.trim_start();
            let indent = line.len() - body.len();
            if body.starts_with(['#', '-', '=', '*', '_', '`', '~', '<', '>']) {
                format!("{}\\{body}\n", line.get(..indent.min(3)).unwrap_or(""))
            } else {
                format!("{line}\n")
            }
        })
        .collect::<String>()
        .trim_end()
        .to_owned()
}

/// Makes `text` one line.
pub fn line(text: &str) -> String {
    normalized(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// At most `limit` characters, cut after a sentence or a word if one ends in the last third.
pub fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    let late = kept.len() - kept.len() / 3;
    let sentence = kept.rfind(". ").map(|at| at + 1);
    let end = sentence
        .filter(|at| *at > late)
        .or_else(|| kept.rfind(char::is_whitespace).filter(|at| *at > late))
        .unwrap_or(kept.len());
    format!("{}…", kept.get(..end).unwrap_or(&kept).trim_end())
}

/// Line ends become `\n`; NUL, which no Markdown reader keeps, becomes the replacement character;
/// blank lines around the text go, and with them what was only whitespace.
fn normalized(text: &str) -> String {
    let text = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\0', "\u{fffd}");
    let text = text.trim_start_matches('\u{feff}').trim_end();
    let first = text.len() - text.trim_start().len();
    text.get(line_start(text, first)..).unwrap_or("").to_owned()
}

enum Repairs {
    None,
    /// Backslashes wanted at these offsets, ascending.
    Escape(Vec<usize>),
    /// A closing fence is missing at the end.
    Close(String),
}

fn repairs(text: &str, level: u8) -> Repairs {
    let probed = format!("{text}{PROBE}");
    let mut depth = 0_usize;
    let mut escapes = Vec::new();
    let mut last = None;
    for (event, range) in Parser::new_ext(&probed, MARKDOWN).into_offset_iter() {
        let span = Span::from(range);
        let inside = span.start < text.len();
        match event {
            Event::Start(Tag::Heading { level: found, .. }) if depth == 0 => {
                if inside && found as u8 <= level {
                    escapes.push(heading_mark(&probed, span));
                }
                last = None;
            }
            Event::Rule if depth == 0 && inside => escapes.push(span.start),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) if depth == 0 => {
                last = Some((span, true));
            }
            Event::Start(Tag::HtmlBlock) if depth == 0 => last = Some((span, false)),
            _ => {}
        }
        match event {
            Event::Start(Tag::List(_) | Tag::Item | Tag::BlockQuote(_)) => depth += 1,
            Event::End(end) if is_container(end) => depth -= 1,
            _ => {}
        }
    }
    if !escapes.is_empty() {
        return Repairs::Escape(escapes);
    }
    match last {
        // The probe was not seen as a heading: what stands last swallowed it.
        Some((span, true)) if !is_closed_fence(span.of(&probed)) => {
            let opening = span.of(&probed).trim_start();
            let fence = opening.chars().next().unwrap_or('`');
            Repairs::Close(opening.chars().take_while(|&c| c == fence).collect())
        }
        Some((span, _)) => Repairs::Escape(vec![span.start]),
        None => Repairs::None,
    }
}

fn is_container(end: pulldown_cmark::TagEnd) -> bool {
    use pulldown_cmark::TagEnd;
    matches!(end, TagEnd::List(_) | TagEnd::Item | TagEnd::BlockQuote(_))
}

/// Where a backslash undoes a heading: before its `#`, or before the underline.
fn heading_mark(text: &str, span: Span) -> usize {
    let heading = span.of(text);
    if heading.trim_start().starts_with('#') {
        return span.start + (heading.len() - heading.trim_start().len());
    }
    let trimmed = heading.trim_end();
    let underline = trimmed.rfind('\n').map_or(0, |newline| newline + 1);
    let line = trimmed.get(underline..).unwrap_or("");
    span.start + underline + (line.len() - line.trim_start().len())
}

fn escaped(text: &str, offsets: &[usize]) -> String {
    let mut result = String::with_capacity(text.len() + offsets.len());
    let mut done = 0;
    for &offset in offsets {
        result.push_str(text.get(done..offset).unwrap_or(""));
        result.push('\\');
        done = offset;
    }
    result.push_str(text.get(done..).unwrap_or(""));
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_would_structure_the_document_is_escaped() {
        for (text, safe) in [
            ("# one\n#### four", "\\# one\n#### four"),
            ("text\n---", "text\n\\---"),
            ("text\n===\n", "text\n\\==="),
            ("***", "\\***"),
            ("- - -", "\\- - -"),
            ("<!-- open", "\\<!-- open"),
            ("<script>\nx", "\\<script>\nx"),
            ("  ### deep  ", "  \\### deep"),
            ("\r\n a\r\n", " a"),
        ] {
            assert_eq!(block(text, 3), safe, "{text:?}");
        }
    }

    #[test]
    fn what_structures_nothing_stays() {
        for text in [
            "```\n# code\n```",
            "- item\n  # in a list",
            "> # quoted",
            "<!-- closed -->\ntext",
            "#hashtag",
            "#### four",
            "a `# b` c",
        ] {
            assert_eq!(block(text, 3), text);
        }
    }

    #[test]
    fn an_open_fence_is_closed_with_its_own_length() {
        assert_eq!(block("````rust\n# x\n```", 3), "````rust\n# x\n```\n````");
        assert_eq!(block("~~~\n", 3), "~~~\n~~~");
    }

    proptest! {
        #[test]
        fn nothing_inserted_opens_a_heading_or_swallows_what_follows(
            text in "([#=*_~`<>!\\- \n\ta-c1.]|```|~~~|<!--|-->|---|\n){0,60}",
        ) {
            let safe = block(&text, 3);
            prop_assert!(matches!(repairs(&safe, 3), Repairs::None), "{safe:?}");
        }
    }
}
