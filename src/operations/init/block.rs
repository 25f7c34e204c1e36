//! Lines of ours in text files that belong to others: between two markers, at the end, every other
//! byte as it was.

/// How a file marks what is a comment.
#[derive(Debug, Clone, Copy)]
pub enum Comment {
    /// `# …`, as in TOML and in what git reads.
    Hash,
    /// `<!-- … -->`, as in Markdown.
    Markup,
}

impl Comment {
    fn marker(self, word: &str) -> String {
        match self {
            Self::Hash => format!("# agentsess:{word}"),
            Self::Markup => format!("<!-- agentsess:{word} -->"),
        }
    }
}

/// The lines, in a file whose lines end so, with their markers and without a last line end.
fn lines(comment: Comment, content: &str, end: &str) -> String {
    let (begin, finish) = (comment.marker("begin"), comment.marker("end"));
    format!("{begin}\n{}\n{finish}", content.trim_end()).replace('\n', end)
}

/// Where the lines are, markers included, without a last line end. Markers count at the beginning of
/// a line. A first without a second one is an error, the byte at which it is.
fn find(text: &str, comment: Comment) -> Result<Option<std::ops::Range<usize>>, usize> {
    let at = |word: &str, from: usize| {
        let marker = comment.marker(word);
        let mut offset = 0;
        text.split_inclusive('\n').find_map(|line| {
            let start = offset;
            offset += line.len();
            (start >= from && line.trim_end() == marker).then_some(start..start + marker.len())
        })
    };
    let Some(begin) = at("begin", 0) else {
        return Ok(None);
    };
    match at("end", begin.end) {
        Some(end) => Ok(Some(begin.start..end.end)),
        None => Err(begin.start),
    }
}

/// Whether the lines are there, and whether as they are to be.
///
/// # Errors
///
/// When the end marker is missing: the byte at which the first one is.
pub fn state(text: &str, comment: Comment, content: &str) -> Result<Option<bool>, usize> {
    let found = find(text, comment)?;
    let end = line_end(text);
    Ok(found.map(|at| text.get(at) == Some(lines(comment, content, end).as_str())))
}

/// The text with the lines in it; `None` is a file that is not there.
///
/// # Errors
///
/// As for [`state`].
pub fn insert(text: Option<&str>, comment: Comment, content: &str) -> Result<String, usize> {
    let Some(text) = text else {
        return Ok(lines(comment, content, "\n") + "\n");
    };
    let end = line_end(text);
    let block = lines(comment, content, end);
    if let Some(at) = find(text, comment)? {
        let before = text.get(..at.start).unwrap_or_default();
        let after = text.get(at.end..).unwrap_or_default();
        return Ok([before, &block, after].concat());
    }
    // Without a blank line before them, the last line had no end of its own.
    Ok([text, end, &block, end].concat())
}

/// The text without the lines; `None` if there was no file before.
///
/// # Errors
///
/// As for [`state`].
pub fn remove(text: &str, comment: Comment) -> Result<Option<String>, usize> {
    let Some(at) = find(text, comment)? else {
        return Ok(Some(text.to_owned()));
    };
    let before = text.get(..at.start).unwrap_or_default();
    let after = text.get(at.end..).unwrap_or_default();
    let chomp = |text: &str| {
        let rest = text.strip_suffix('\n').unwrap_or(text);
        rest.strip_suffix('\r').unwrap_or(rest).len()
    };
    if before.is_empty() && after == "\n" {
        return Ok(None);
    }
    let after = after.strip_prefix("\r\n").or(after.strip_prefix('\n'));
    let after = after.unwrap_or_default();
    let kept = before.get(..chomp(before)).unwrap_or_default();
    // What was appended since stays on lines of its own.
    let apart = after.is_empty() || kept.is_empty() || kept.ends_with('\n');
    Ok(Some([if apart { kept } else { before }, after].concat()))
}

fn line_end(text: &str) -> &'static str {
    match text.split_once('\n') {
        Some((line, _)) if line.ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_put_in_comes_out_again(text in "(\u{feff})?([a# ]{0,4}(\r\n|\n)?){0,6}") {
            for comment in [Comment::Hash, Comment::Markup] {
                let put = insert(Some(&text), comment, "one\ntwo\n").unwrap();
                prop_assert_eq!(&insert(Some(&put), comment, "one\ntwo\n").unwrap(), &put);
                prop_assert_eq!(remove(&put, comment).unwrap(), Some(text.clone()));
            }
        }
    }

    #[test]
    fn a_file_that_was_made_goes() {
        let put = insert(None, Comment::Markup, "one").unwrap();
        assert_eq!(
            put,
            "<!-- agentsess:begin -->\none\n<!-- agentsess:end -->\n"
        );
        assert_eq!(remove(&put, Comment::Markup), Ok(None));
    }

    #[test]
    fn lines_of_another_version_are_replaced_where_they_are() {
        let put = insert(Some("a\n"), Comment::Hash, "one").unwrap() + "b\n";
        let new = insert(Some(&put), Comment::Hash, "two").unwrap();
        assert_eq!(new, "a\n\n# agentsess:begin\ntwo\n# agentsess:end\nb\n");
        assert_eq!(remove(&new, Comment::Hash), Ok(Some("a\nb\n".into())));
        assert_eq!(state(&put, Comment::Hash, "two"), Ok(Some(false)));
    }

    #[test]
    fn a_marker_without_its_end_is_an_error() {
        let text = "a\n# agentsess:begin\nb\n";
        assert_eq!(insert(Some(text), Comment::Hash, "one"), Err(2));
    }
}
