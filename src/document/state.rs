//! What the words of a session add up to: progress, the issue an item bears, staleness.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::time::{parse_rfc3339, whole_minute};
use super::{Document, Fill, Item};
use super::{insert, schema};

/// Ticked items of all that can be ticked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
pub struct Progress {
    /// Ticked.
    pub done: usize,
    /// All.
    pub total: usize,
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The first 12 hex digits of the SHA-256 of a Current State, line ends normalised.
pub fn state_hash(state: &str) -> String {
    let mut hash = sha256(state.replace("\r\n", "\n").as_bytes());
    hash.truncate(12);
    hash
}

/// The id an item bears: its leading token before ` - `, if that has the form of an issue id
/// (`ABC-12`, `#12`, `owner/repo#12`) or is one of the configured forms.
pub fn issue_id(text: &str, configured: impl Fn(&str) -> bool) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut dashes = memchr::memchr_iter(b'-', bytes).filter_map(|dash| dash.checked_sub(1));
    let end = dashes.find(|&at| bytes.get(at..at + 3) == Some(b" - "))?;
    let token = text.get(..end)?.trim();
    (is_issue_id(token) || configured(token)).then_some(token)
}

/// Names that look like issue ids and are names of standards: what precedes their number.
const STANDARDS: [&str; 9] = [
    "AES", "CRC", "IEEE", "ISO", "MD", "RFC", "SHA", "TLS", "UTF",
];

/// The id under which an item was filed: the one it bears, unless that is rather the name of a
/// standard, such as `UTF-8`, and of no configured form.
pub fn filed_id(text: &str, configured: impl Fn(&str) -> bool) -> Option<&str> {
    issue_id(text, &configured).filter(|id| {
        let name = id.split_once('-').map_or("", |(name, _)| name);
        !STANDARDS.contains(&name) || configured(id)
    })
}

fn is_issue_id(token: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((repository, id)) = token.split_once('#') {
        let part = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        let named = repository
            .split_once('/')
            .is_some_and(|(owner, name)| part(owner) && part(name));
        return number(id) && (repository.is_empty() || named);
    }
    token.split_once('-').is_some_and(|(team, id)| {
        !team.is_empty() && team.bytes().all(|byte| byte.is_ascii_uppercase()) && number(id)
    })
}

impl Document<'_> {
    /// The text of a section without the blank lines around it; `None` if it is missing, empty or
    /// holds nothing but a template's comments.
    pub fn section_text(&self, name: &str) -> Option<&str> {
        let (_, section) = self.body.section(name)?;
        (section.fill == Fill::Filled).then(|| section.body.of(self.text))
    }

    /// The items with a checkbox, in any section but the log, and whether each is ticked.
    pub fn boxes(&self) -> impl Iterator<Item = (usize, &Item, bool)> {
        let log = self.body.section(schema::SESSION_LOG);
        let log = log.map(|(index, _)| index);
        let items = self.body.items.iter().enumerate();
        items
            .filter(move |(_, item)| item.section.is_some() && item.section != log)
            .filter_map(|(index, item)| Some((index, item, item.checkbox?.1)))
    }

    /// How many of the items with a checkbox are ticked.
    pub fn progress(&self) -> Progress {
        self.boxes()
            .fold(Progress::default(), |sum, (_, _, done)| Progress {
                done: sum.done + usize::from(done),
                total: sum.total + 1,
            })
    }

    /// The items of a section that are still to be done: those not ticked, and in lists without
    /// checkboxes the outermost ones. `None.` is no item.
    pub fn open_items(&self, section: &str) -> impl Iterator<Item = (usize, &Item)> {
        self.body.items_in(section).filter(|(_, item)| {
            let open = match item.checkbox {
                Some((_, done)) => !done,
                None => item.depth == 1,
            };
            open && !is_none(item.text.of(self.text))
        })
    }

    /// Whether the log went on after Current State was last written: the recorded hash still
    /// matches, and there is a log entry of a later minute, or one more of the same minute than
    /// there were. After an edit by hand the hash does not match, and the state counts as current.
    pub fn is_behind(&self) -> bool {
        let behind = || {
            let recorded = self.frontmatter.text(&["session", "state_recorded"])?;
            let mut words = recorded.split_whitespace();
            let at = whole_minute(parse_rfc3339(words.next()?)?.at);
            let hash = words.next()?;
            let entries = words.next().map(str::parse::<usize>);
            let state = self.section_text(schema::CURRENT_STATE)?;
            let log = self.body.log(self.text);
            let last = log.last()?.stamp()?.at;
            let more = || matches!(entries, Some(Ok(entries)) if log.len() > entries);
            Some((last > at || last == at && more()) && state_hash(state) == hash)
        };
        behind().unwrap_or(false)
    }
}

/// The path that an item of a list of files names: its first code span, or its first word, without
/// a line number.
pub fn named_path(item: &str) -> &str {
    let path = match item.split('`').nth(1) {
        Some(code) => code,
        None => item.split_whitespace().next().unwrap_or(""),
    };
    let path = path.trim_end_matches([':', ',']);
    let numbers = |c: char| c.is_ascii_digit() || matches!(c, ':' | '-');
    let path = match path.split_once(':') {
        Some((path, rest)) if rest.chars().all(numbers) => path,
        _ => path,
    };
    path.strip_prefix("./").unwrap_or(path)
}

/// The words of a line that consists of nothing but a placeholder, a list marker and box aside:
/// `TODO`, `...`, `[some words]`, `<some words>`, `{{ name }}`.
pub fn is_placeholder(line: &str) -> Option<&str> {
    // Most lines end with another word than any placeholder does.
    let line = line.trim_end();
    let last = line.rsplit(char::is_whitespace).next().unwrap_or(line);
    if !is_blank(last) && !last.ends_with([']', '>', '}']) {
        return None;
    }
    let words = unmarked(line);
    let within = |open: &str, close: &str| {
        let inner = words.strip_prefix(open)?.strip_suffix(close)?;
        let said =
            inner.trim().contains(' ') && !inner.contains(['<', '>', '[', ']', '=', '"', '`']);
        said.then_some(())
    };
    let found = is_blank(words)
        || within("[", "]").is_some()
        || within("<", ">").is_some() && !words.starts_with("<!")
        || within("{{", "}}").is_some();
    found.then_some(words)
}

/// Whether nothing is said but one of [`BLANKS`] or an ellipsis.
fn is_blank(words: &str) -> bool {
    let bare = words.trim_matches(['*', '_']);
    match bare.trim_end_matches(['.', ':', '…']) {
        "" => bare.starts_with("...") || bare.starts_with('…'),
        plain => BLANKS.iter().any(|blank| plain.eq_ignore_ascii_case(blank)),
    }
}

/// A line without the number, dash or checkbox that makes an item of it.
pub fn unmarked(line: &str) -> &str {
    let mut words = line.trim_start();
    let number = words.trim_start_matches(|c: char| c.is_ascii_digit());
    if number.len() < words.len() {
        let rest = number.strip_prefix(['.', ')']);
        let rest = rest.filter(|rest| rest.starts_with(char::is_whitespace));
        words = rest.unwrap_or(words).trim_start();
    }
    for marker in ["- ", "* ", "+ ", "[ ] ", "[x] ", "[X] "] {
        words = words.strip_prefix(marker).unwrap_or(words).trim_start();
    }
    words.trim_end()
}

/// What an item says, on one line, without what makes an item or a heading of it.
pub fn item_words(text: &str) -> String {
    // A marker with nothing behind it is one, too.
    let line = insert::line(text) + " ";
    let words = unmarked(&line);
    let heading = words.trim_start_matches('#');
    let is_heading = heading.is_empty() || heading.starts_with(' ');
    let words = if is_heading { heading } else { words };
    words.trim_start().to_owned()
}

/// Words that stand for what is still to be written.
const BLANKS: [&str; 5] = ["TODO", "TBD", "TBA", "FIXME", "XXX"];

/// Whether a text says that there is nothing, or nothing any more: `None.`, `N/A`, `~~struck out~~`.
pub fn is_none(text: &str) -> bool {
    let text = text.trim().trim_end_matches('.');
    let words = [
        "",
        "none",
        "nothing",
        "nothing left",
        "nothing left to do",
        "n/a",
        "-",
    ];
    let struck_out = || {
        let inner = text
            .strip_prefix("~~")
            .and_then(|text| text.strip_suffix("~~"));
        inner.is_some_and(|inner| !inner.contains("~~"))
    };
    words.iter().any(|word| text.eq_ignore_ascii_case(word)) || struck_out()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_leading_token() {
        let id = |text| issue_id(text, |_| false);
        assert_eq!(id("BACK-123 - Fix"), Some("BACK-123"));
        assert_eq!(id("#12 - Fix"), Some("#12"));
        assert_eq!(id("acme/app#12 - Fix"), Some("acme/app#12"));
        for text in [
            "Fix BACK-123",
            "Back-1 - x",
            "app#12 - x",
            "# - x",
            "A-1: x",
            "UTF-8",
        ] {
            assert_eq!(id(text), None, "{text}");
        }
        assert_eq!(issue_id("pt-1 - x", |t| t == "pt-1"), Some("pt-1"));
    }

    #[test]
    fn a_standard_is_nothing_to_file_under() {
        let id = |text| filed_id(text, |token| token == "ISO-12");
        assert_eq!(id("BACK-12 - x"), Some("BACK-12"));
        assert_eq!(id("#12 - x"), Some("#12"));
        assert_eq!(id("ISO-12 - x"), Some("ISO-12"));
        for text in ["UTF-8 - x", "SHA-256 - x", "ISO-8601 - x"] {
            assert_eq!(id(text), None, "{text}");
        }
    }

    #[test]
    fn a_path_is_code_or_the_first_word() {
        assert_eq!(named_path("the `./src/a.rs:12-14`, new"), "src/a.rs");
        assert_eq!(named_path("src/a.rs: the parser"), "src/a.rs");
        assert_eq!(named_path(""), "");
    }

    #[test]
    fn placeholders_are_whole_lines() {
        for line in [
            "TODO",
            "- TBD.",
            "- [ ] ...",
            "[what was done]",
            "…",
            "1. …",
            "1.\tTODO",
            "- [ ] todo",
            "**TBD**",
            "<the next step>",
        ] {
            assert!(is_placeholder(line).is_some(), "{line}");
        }
        for line in [
            "TODO: ask",
            "***",
            "1.",
            "2025...",
            "[x]",
            "- [ ]",
            "[a link](b.md)",
            "[1]",
            "<br>",
            "<!-- a b -->",
            "",
            "---",
            "<img src=\"a b\">",
            "[^1]: note",
            "...and so on",
            "- [ ] [PR 12][pr]",
        ] {
            assert_eq!(is_placeholder(line), None, "{line}");
        }
    }
}
