use std::ops::Range;

/// A range of bytes in the text of one document.
///
/// Cheap to copy, unlike [`Range`], and never a reason to panic: [`Span::of`] returns the empty
/// string for a range that does not fit the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The empty span at `offset`.
    pub const fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// The text that this span covers, empty if the span does not fit.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }

    /// Whether nothing is covered.
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// Whether `other` lies within this span.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    #[must_use]
    /// The same span, `offset` bytes further on.
    pub const fn shifted(self, offset: usize) -> Self {
        Self::new(self.start + offset, self.end + offset)
    }

    #[must_use]
    /// The smallest span that covers both.
    pub fn joined(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

impl From<Span> for Range<usize> {
    fn from(span: Span) -> Self {
        span.start..span.end
    }
}

// A line ends where Markdown and YAML end it: at `\n`, `\r\n`, or a `\r` alone. If this module saw
// fewer lines than the parsers do, text would be spliced into the middle of what they see.

/// The offset of the first byte of the line that `offset` is on.
pub fn line_start(text: &str, offset: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = offset.min(bytes.len());
    loop {
        let before = bytes.get(..end).unwrap_or(&[]);
        match memchr::memrchr2(b'\n', b'\r', before) {
            None => return 0,
            // Between the two bytes of one line break.
            Some(at) if at + 1 == offset && bytes.get(at..=offset) == Some(b"\r\n") => end = at,
            Some(at) => return at + 1,
        }
    }
}

/// The offset after the line break that ends the line `offset` is on, or the end of the text.
pub fn next_line(text: &str, offset: usize) -> usize {
    let rest = text.as_bytes().get(offset..).unwrap_or(&[]);
    match memchr::memchr2(b'\n', b'\r', rest) {
        None => text.len(),
        Some(at) if rest.get(at..at + 2) == Some(b"\r\n") => offset + at + 2,
        Some(at) => offset + at + 1,
    }
}

/// The offset of the first byte that is not `usual`.
///
/// `usual` should do without branches: then many bytes are compared at a time, which pays where
/// nearly all of them are.
#[inline]
pub fn find_unusual(bytes: &[u8], usual: impl Fn(u8) -> bool) -> Option<usize> {
    const CHUNK: usize = 32;
    let mut start = 0;
    for chunk in bytes.chunks(CHUNK) {
        if !chunk.iter().fold(true, |all, &byte| all & usual(byte)) {
            let at = chunk.iter().position(|&byte| !usual(byte))?;
            return Some(start + at);
        }
        start += chunk.len();
    }
    None
}

/// One-based line and column of `offset`; the column counts characters, as editors do.
///
/// An offset inside a character counts as that character's.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let start = line_start(text, offset);
    let before = text.get(..start).unwrap_or("");
    let breaks = before.matches(['\n', '\r']).count() - before.matches("\r\n").count();
    let line = breaks + 1;
    let column = text.get(start..offset).unwrap_or("").chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_start_at_one() {
        let text = "a\nüx\n";
        assert_eq!(line_column(text, 0), (1, 1));
        assert_eq!(line_column(text, 4), (2, 2));
        assert_eq!(line_column(text, 3), (2, 1), "inside the ü");
        assert_eq!(line_column(text, 99), (3, 1));
    }

    #[test]
    fn every_kind_of_line_break_ends_one_line() {
        let text = "a\r\nb\rc\n";
        let starts: Vec<_> = (0..=text.len()).map(|at| line_start(text, at)).collect();
        assert_eq!(starts, [0, 0, 0, 3, 3, 5, 5, 7]);
        let ends: Vec<_> = (0..=text.len()).map(|at| next_line(text, at)).collect();
        assert_eq!(ends, [3, 3, 3, 5, 5, 7, 7, 7]);
        assert_eq!(line_column(text, 5), (3, 1));
    }
}
