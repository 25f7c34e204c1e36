//! Words of the commands that are shown to be pasted.

/// One word for a POSIX shell.
pub fn word(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A command as a POSIX shell would take it.
pub fn words(argv: &[String]) -> String {
    let words: Vec<_> = argv.iter().map(|text| word(text)).collect();
    words.join(" ")
}

/// What one word says to a shell, as far as [`word`] writes it.
pub fn unquoted(word: &str) -> String {
    let inner = word
        .strip_prefix('\'')
        .and_then(|word| word.strip_suffix('\''));
    inner.map_or_else(|| word.to_owned(), |inner| inner.replace("'\\''", "'"))
}

/// A part of a command line, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'t> {
    /// A word, its quotes included.
    Word(&'t str),
    /// White space between words.
    Space(&'t str),
    /// What ends a command; a backtick, too, which does so in prose.
    Separator(&'t str),
}

impl<'t> Token<'t> {
    /// The word, if it is one.
    pub fn word(&self) -> Option<&'t str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Space(_) | Self::Separator(_) => None,
        }
    }

    /// What is written.
    pub fn text(&self) -> &'t str {
        match self {
            Self::Word(text) | Self::Space(text) | Self::Separator(text) => text,
        }
    }
}

/// The parts of a command line, or of prose with commands between backticks. Together they are the
/// text.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    #[derive(PartialEq, Clone, Copy)]
    enum Kind {
        Word,
        Space,
        Separator,
    }
    let mut tokens = Vec::new();
    let mut last: Option<(usize, Kind)> = None;
    let (mut quote, mut escaped) = (None, false);
    let mut end = |from: Option<(usize, Kind)>, to: usize| {
        if let Some((from, kind)) = from
            && let Some(text) = text.get(from..to)
        {
            tokens.push(match kind {
                Kind::Word => Token::Word(text),
                Kind::Space => Token::Space(text),
                Kind::Separator => Token::Separator(text),
            });
        }
    };
    for (at, c) in text.char_indices() {
        let literal = std::mem::take(&mut escaped);
        let kind = match c {
            _ if literal || quote.is_some() => Kind::Word,
            '`' | '|' | '&' | ';' => Kind::Separator,
            _ if c.is_whitespace() => Kind::Space,
            _ => Kind::Word,
        };
        match quote {
            _ if literal => {}
            Some('"') | None if c == '\\' => escaped = true,
            Some(opened) if opened == c => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
        if last.is_none_or(|(_, before)| before != kind) {
            end(last, at);
            last = Some((at, kind));
        }
    }
    end(last, text.len());
    tokens
}

#[cfg(test)]
mod tests {
    use super::{Token, tokens, unquoted, word};

    #[test]
    fn a_command_line_falls_into_words_where_a_shell_sees_them() {
        fn words(text: &str) -> Vec<&str> {
            tokens(text).iter().filter_map(Token::word).collect()
        }
        for text in ["", "it's", "a b", "\"x\"", "a\\b'c", "a | b; `c`"] {
            let line = format!("x {} y", word(text));
            assert_eq!(words(&line), ["x", &word(text), "y"]);
            assert_eq!(unquoted(&word(text)), text);
        }
        assert_eq!(words(r#"a "b \" c" d"#), ["a", r#""b \" c""#, "d"]);
        let line = "a  'b && c' &&\td|e";
        assert_eq!(words(line), ["a", "'b && c'", "d", "e"]);
        assert_eq!(
            tokens(line).iter().map(Token::text).collect::<String>(),
            line
        );
    }

    #[test]
    fn a_shell_reads_back_what_was_written() {
        for text in [
            "",
            "plain/path-1.md",
            "two words",
            "it's",
            "$HOME `x` \"y\"",
            "a\nb",
            "*",
        ] {
            let script = format!("printf %s {}", word(text));
            let output = std::process::Command::new("sh")
                .args(["-c", &script])
                .output();
            assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), text);
        }
    }
}
