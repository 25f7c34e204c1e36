//! Items added to a list at the end of a Markdown document that others wrote.

use std::path::Path;

use crate::document::{Document, Source};
use crate::error::{Error, Result};

/// The bytes with list items behind them, in the document's own line breaks and marker; it ends
/// with a line break if it did before.
///
/// # Errors
///
/// When something in the document is never closed and would swallow them.
pub(super) fn add(path: &Path, old: &[u8], items: &[String]) -> Result<Vec<u8>> {
    let new = Source::new(with(old, items));
    let after = Document::parse(&new);
    if let Some(unclosed) = after.body.unclosed {
        return Err(Error::usage(format!(
            "the {} opened here is never closed and would swallow what is added",
            unclosed.describe()
        ))
        .at(path, Some(after.position(unclosed.span().start)))
        .hint("close it, then run the command again"));
    }
    drop(after);
    Ok(new.into_bytes())
}

fn with(old: &[u8], items: &[String]) -> Vec<u8> {
    let source = Source::new(old.to_vec());
    let document = Document::parse(&source);
    let line_break = document.line_break();
    let body = document.text.trim_end();
    let last = document.body.items.iter().rfind(|item| item.depth == 1);
    let last = last.map(|item| item.extent(document.text));
    let last = last.filter(|extent| extent.end == body.len());
    let line = last.map(|extent| extent.of(document.text));
    let in_list = line.is_some();
    let marker = ["* ", "+ "]
        .into_iter()
        .find(|marker| line.is_some_and(|l| l.starts_with(marker)));
    let marker = marker.unwrap_or("- ");
    let mut text = String::new();
    for item in items {
        text.push_str(marker);
        text.push_str(&item.replace('\n', line_break));
        text.push_str(line_break);
    }
    let gap = match (document.text.len() - body.len(), in_list) {
        _ if body.is_empty() => "",
        // What comes after the last word stays; a list goes on without a gap.
        (0, true) => line_break,
        (0, false) => &line_break.repeat(2),
        (_, true) => "",
        (blank, false) if blank > line_break.len() => "",
        (_, false) => line_break,
    };
    if body.len() == document.text.len() && !body.is_empty() {
        text.truncate(text.trim_end().len());
    }
    drop(document);
    let mut bytes = source.into_bytes();
    bytes.extend_from_slice(gap.as_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_added_in_the_manner_of_the_document() {
        for (old, new) in [
            ("", "- b\n  - c\n"),
            ("# L\n", "# L\n\n- b\n  - c\n"),
            ("# L\n\n- a\n", "# L\n\n- a\n- b\n  - c\n"),
            ("# L\n\n* a\n  b\n", "# L\n\n* a\n  b\n* b\n  - c\n"),
            (
                "# L\n\n* a\n  - b\n\n  c\n",
                "# L\n\n* a\n  - b\n\n  c\n* b\n  - c\n",
            ),
            ("# L\n\n- a", "# L\n\n- a\n- b\n  - c"),
            ("# L\r\n\r\n- a\r\n", "# L\r\n\r\n- a\r\n- b\r\n  - c\r\n"),
            ("# L\n\ntext", "# L\n\ntext\n\n- b\n  - c"),
            ("# L\n\ntext\n\n\n", "# L\n\ntext\n\n\n- b\n  - c\n"),
        ] {
            let added = with(old.as_bytes(), &["b\n  - c".to_owned()]);
            assert_eq!(String::from_utf8(added).unwrap(), new, "{old:?}");
        }
    }

    #[test]
    fn what_would_be_swallowed_is_not_added() {
        let error = add(Path::new("x.md"), b"# L\n\n```\ncode\n", &["a".into()]).unwrap_err();
        assert_eq!(error.to_string().split(": ").next(), Some("x.md:3:1"));
    }
}
