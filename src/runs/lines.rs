/// Longest line that is told whole, in bytes; of a longer one only the beginning is told.
pub const LINE_LIMIT: usize = 1024 * 1024;

/// Longest last line that is remembered, in bytes.
const LAST_LIMIT: usize = 8 * 1024;

/// Puts lines together from what a stream says piece by piece, in bounded memory, and remembers the
/// last one that says something.
#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
    last: Vec<u8>,
}

impl Lines {
    /// Tells the lines that end in a piece, without their ends.
    pub fn feed(&mut self, mut bytes: &[u8], tell: &mut dyn FnMut(&[u8])) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
            self.keep(line);
            self.finish(tell);
            bytes = rest.get(1..).unwrap_or(&[]);
        }
        self.keep(bytes);
    }

    /// Tells the line that has no end.
    pub fn finish(&mut self, tell: &mut dyn FnMut(&[u8])) {
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        if self.line.is_empty() {
            return;
        }
        tell(&self.line);
        self.remember();
        self.line.clear();
    }

    /// The last line that says something, as text without escape sequences.
    pub fn last(&self) -> Option<String> {
        let text = plain(&self.last);
        (!text.trim().is_empty()).then(|| text.trim().to_owned())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_LIMIT.saturating_sub(self.line.len()).min(bytes.len());
        self.line
            .extend_from_slice(bytes.get(..room).unwrap_or(&[]));
    }

    fn remember(&mut self) {
        // A line that is written over again and again shows only what came last.
        let shown = self.line.rsplit(|byte| *byte == b'\r');
        let mut shown = shown.map(|part| part.get(..LAST_LIMIT).unwrap_or(part));
        let says = |part: &[u8]| match memchr::memchr(b'\x1b', part) {
            Some(_) => !plain(part).trim().is_empty(),
            None => !part.trim_ascii().is_empty(),
        };
        if let Some(part) = shown.find(|part| says(part)) {
            self.last.clear();
            self.last.extend_from_slice(part);
        }
    }
}

fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    anstream::adapter::strip_str(&text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pieces: &[&[u8]]) -> (Vec<String>, Option<String>) {
        let (mut lines, mut all) = (Lines::default(), Vec::new());
        let mut tell = |line: &[u8]| all.push(String::from_utf8_lossy(line).into_owned());
        for piece in pieces {
            lines.feed(piece, &mut tell);
        }
        lines.finish(&mut tell);
        (all, lines.last())
    }

    #[test]
    fn lines_are_put_together() {
        let (lines, last) = told(&[b"on", b"e\r\ntwo\n\n th", b"ree ", b"\n  \n\x1b[0m\n"]);
        assert_eq!(lines, ["one", "two", " three ", "  ", "\x1b[0m"]);
        assert_eq!(last.as_deref(), Some("three"));
        let (_, last) = told(&[b"10 %\r20 %\r\x1b[32mdone\x1b[0m\r"]);
        assert_eq!(last.as_deref(), Some("done"));
        assert_eq!(told(&[]), (Vec::new(), None));
    }

    #[test]
    fn an_endless_line_takes_no_more_than_it_may() {
        let piece = vec![b'a'; 100_000];
        let mut lines = Lines::default();
        for _ in 0..100 {
            lines.feed(&piece, &mut |_| panic!("it has no end"));
        }
        assert!(lines.line.capacity() <= 2 * LINE_LIMIT);
        let mut told = Vec::new();
        lines.feed(b"\nnext\n", &mut |line| told.push(line.len()));
        assert_eq!(told, [LINE_LIMIT, 4]);
        assert_eq!(lines.last().as_deref(), Some("next"));
    }
}
