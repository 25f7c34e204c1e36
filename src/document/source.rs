use super::span::Span;

/// The bytes of a file and their text.
///
/// Bytes that are not UTF-8 are shown as `?`, one for one, so that an offset into the text is an
/// offset into the file and an edit elsewhere leaves them alone.
#[derive(Debug)]
pub struct Source {
    bytes: Bytes,
    invalid: Vec<Span>,
}

#[derive(Debug)]
enum Bytes {
    Valid(String),
    Invalid { bytes: Vec<u8>, shown: String },
}

impl Source {
    /// Takes the bytes of a file.
    pub fn new(bytes: Vec<u8>) -> Self {
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => {
                return Self {
                    bytes: Bytes::Valid(text),
                    invalid: Vec::new(),
                };
            }
            Err(error) => error.into_bytes(),
        };
        let mut shown = String::with_capacity(bytes.len());
        let mut invalid = Vec::new();
        for chunk in bytes.utf8_chunks() {
            shown.push_str(chunk.valid());
            let start = shown.len();
            shown.extend(chunk.invalid().iter().map(|_| '?'));
            if shown.len() > start {
                invalid.push(Span::new(start, shown.len()));
            }
        }
        Self {
            bytes: Bytes::Invalid { bytes, shown },
            invalid,
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        match &self.bytes {
            Bytes::Valid(text) => text,
            Bytes::Invalid { shown, .. } => shown,
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Valid(text) => text.as_bytes(),
            Bytes::Invalid { bytes, .. } => bytes,
        }
    }

    /// The bytes, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        match self.bytes {
            Bytes::Valid(text) => text.into_bytes(),
            Bytes::Invalid { bytes, .. } => bytes,
        }
    }

    /// The runs of bytes that are not UTF-8.
    pub fn invalid(&self) -> &[Span] {
        &self.invalid
    }
}
