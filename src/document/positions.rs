use serde::Serialize;

use super::span::{Span, line_start};

/// Bytes between two known places.
const STRIDE: usize = 1024;

/// Lines and columns of one text. Asking for a position costs no more in a long file, or at the
/// end of a long line, than in a short one.
#[derive(Debug)]
pub struct Positions<'a> {
    text: &'a str,
    marks: Marks,
}

/// Offset, line and column of a character at most every [`STRIDE`] bytes. A list of all lines would
/// outgrow a file that is nothing but line breaks.
#[derive(Debug)]
pub(super) struct Marks(Vec<(usize, usize, usize)>);

/// Where a span begins and ends. Lines and columns begin at 1, columns count characters, and the
/// end is behind the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Place {
    /// Of the first character.
    pub line: usize,
    /// Of the first character.
    pub column: usize,
    /// Of what follows the last character.
    pub end_line: usize,
    /// Of what follows the last character.
    pub end_column: usize,
}

impl<'a> Positions<'a> {
    /// Reads the text once.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            marks: Marks::new(text),
        }
    }

    /// One-based line and column of an offset; the column counts characters. An offset inside a
    /// character counts as that character's.
    pub fn of(&self, offset: usize) -> (usize, usize) {
        self.marks.position(self.text, offset)
    }

    /// Where a span begins and ends.
    pub fn place(&self, span: Span) -> Place {
        let (line, column) = self.of(span.start);
        let (end_line, end_column) = self.of(span.end.max(span.start));
        Place {
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// The line that `offset` is on, without its line break, as far as `reach` bytes around the
    /// offset go. Nothing is cut from a line shorter than that.
    pub fn line_around(&self, offset: usize, reach: usize) -> Span {
        let floor = self.boundary(offset.saturating_sub(reach));
        let ceiling = self.boundary(offset.saturating_add(reach));
        let offset = self.boundary(offset);
        let around = Span::new(floor, ceiling).of(self.text);
        let after = Span::new(offset, ceiling).of(self.text);
        Span::new(
            floor + line_start(around, offset - floor),
            after.find(['\n', '\r']).map_or(ceiling, |at| offset + at),
        )
    }

    /// The nearest place at or before `offset` that is not inside a character.
    pub fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

impl Marks {
    pub fn new(text: &str) -> Self {
        let mut marks = vec![(0, 1, 1)];
        let (mut start, mut line, mut column) = (0, 1, 1);
        while start + STRIDE < text.len() {
            let mut end = start + STRIDE;
            while !text.is_char_boundary(end) {
                end += 1;
            }
            let stride = text.get(start..end).unwrap_or("");
            let mut counted = start;
            for at in memchr::memchr2_iter(b'\n', b'\r', stride.as_bytes()) {
                let next = start + at + 1;
                if !text
                    .get(start + at..)
                    .is_some_and(|rest| rest.starts_with("\r\n"))
                {
                    (counted, line, column) = (next, line + 1, 1);
                }
            }
            column += text.get(counted..end).unwrap_or("").chars().count();
            marks.push((end, line, column));
            start = end;
        }
        Self(marks)
    }

    /// One-based line and column of an offset into the text that was read.
    pub fn position(&self, text: &str, offset: usize) -> (usize, usize) {
        let index = self.0.partition_point(|(at, ..)| *at <= offset);
        let mark = index.checked_sub(1).and_then(|index| self.0.get(index));
        let &(start, line, column) = mark.unwrap_or(&(0, 1, 1));
        let rest = text.get(start..).unwrap_or("");
        rest.char_indices()
            .take_while(|(at, c)| start + at + c.len_utf8() <= offset)
            .fold((line, column), |before, (at, c)| {
                advanced(before, rest, at, c)
            })
    }
}

/// The position behind `c`, which stands at `offset`.
fn advanced((line, column): (usize, usize), text: &str, offset: usize, c: char) -> (usize, usize) {
    match c {
        '\n' => (line + 1, 1),
        '\r' if text.as_bytes().get(offset + 1) != Some(&b'\n') => (line + 1, 1),
        _ => (line, column + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::line_column;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn positions_are_those_of_counting_from_the_start(
            text in "([a-zü日\n\r]{0,9}){0,400}",
            offset in 0_usize..4000,
        ) {
            prop_assert_eq!(Positions::new(&text).of(offset), line_column(&text, offset));
        }
    }
}
