//! One line or heading of a log: its time, who, what, and the words.

use chrono::NaiveDate;

use super::when::{When, is_range};
use crate::document::time::format_minute;
use crate::document::{Document, Heading, Stamp, is_token};

/// Words that say what was done rather than who did it.
const ACTIONS: &[&str] = &[
    "start",
    "started",
    "resume",
    "resumed",
    "pause",
    "paused",
    "stop",
    "stopped",
    "end",
    "ended",
    "done",
    "finish",
    "finished",
    "note",
    "update",
    "progress",
    "commit",
    "decision",
    "decide",
    "handoff",
    "handover",
    "review",
    "plan",
    "planned",
    "planning",
    "summary",
    "wrap",
    "fix",
    "test",
    "deploy",
    "merge",
    "blocked",
    "checkpoint",
    "milestone",
    "kickoff",
    "implementation",
    "investigation",
    "research",
    "closeout",
    "retro",
];

/// What is known about the log as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    /// The day of times without a date.
    pub day: Option<NaiveDate>,
    /// Who writes where no entry says so.
    pub agent: &'a str,
    /// Who is known to have had a part in it.
    pub people: &'a [String],
}

impl Scene<'_> {
    fn knows(&self, name: &str) -> bool {
        let known = |one: &String| one.eq_ignore_ascii_case(name);
        self.people.iter().any(known)
    }
}

/// An entry in any style.
pub(super) struct Entry<'a> {
    pub when: When,
    pub agent: &'a str,
    pub action: &'a str,
    pub scope: &'a str,
    pub text: &'a str,
}

impl Entry<'_> {
    /// Its heading in our form.
    pub fn heading(&self) -> Option<String> {
        let heading = format!(
            "### {} - {}/{}",
            format_minute(self.when.at()?),
            self.agent,
            self.action
        );
        Stamp::parse(heading.get(4..)?).is_some().then_some(heading)
    }

    /// Its words.
    pub fn text(&self) -> String {
        if self.scope.is_empty() {
            self.text.to_owned()
        } else {
            format!("{}: {}", self.scope, self.text)
        }
    }
}

pub(super) fn heading_entry<'a>(
    document: &Document<'a>,
    heading: &Heading,
    scene: Scene<'a>,
) -> Option<Entry<'a>> {
    let raw = heading.text_span.of(document.text);
    let (when, rest) = stamp(raw, scene)?;
    let of = |agent, action| Entry {
        when,
        agent,
        action,
        scope: "",
        text: "",
    };
    if is_token(rest) && is_action(rest) {
        return Some(of(scene.agent, rest));
    }
    // Behind a dash our own headings say who, elsewhere a lone word may be anything.
    let before = raw.trim_end().strip_suffix(rest).unwrap_or("");
    let signed = before.trim_end().ends_with(['-', '–', '—']);
    if is_token(rest) && (signed || scene.knows(rest)) {
        return Some(of(rest, "note"));
    }
    Some(entry(when, rest, scene))
}

pub(super) fn line_entry<'a>(line: &'a str, scene: Scene<'a>) -> Option<Entry<'a>> {
    let line = line.trim_end();
    if line.starts_with([' ', '\t']) {
        return None;
    }
    let text = line.strip_prefix(marker(line))?;
    let (when, rest) = stamp(text, scene)?;
    Some(entry(when, rest, scene))
}

/// How long the part of a line is that comes behind its time.
pub(super) fn entry_rest(text: &str, scene: Scene) -> usize {
    let text = text.strip_prefix(marker(text)).unwrap_or(text);
    stamp(text, scene).map_or(0, |(_, rest)| rest.len())
}

/// The time that a text begins with and what comes behind, without the marks between.
fn stamp<'a>(text: &'a str, scene: Scene) -> Option<(When, &'a str)> {
    let opened = bare(text);
    let (when, rest) = When::lead(opened)
        .or_else(|| When::lead_on(scene.day?, opened))
        .filter(|(when, _)| when.time.is_some())?;
    // The words of a period are all of it: when it ended is said nowhere else.
    let open = text.len() - opened.len();
    if is_range(rest) {
        if open > 0 {
            return None;
        }
        let end = opened.len() - rest.len();
        let before = opened.get(..end).unwrap_or("");
        let start = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
        return Some((when, opened.get(start.len()..)?.trim_end()));
    }
    let closed = rest.trim_start_matches([']', ')', '*', '`', '_', ':']);
    // Emphasis that goes on behind the time belongs to the words.
    let emphasis = text
        .get(..open)
        .is_some_and(|open| open.contains(['*', '_', '`']));
    if emphasis
        && !rest
            .trim_start_matches([']', ')', ':'])
            .starts_with(['*', '_', '`'])
    {
        return None;
    }
    let rest = behind_mark(closed);
    let alone = ["-", "–", "—", ":", "|"];
    let rest = rest.trim();
    Some((when, if alone.contains(&rest) { "" } else { rest }))
}

/// A text without the mark that parts it from what was before.
fn behind_mark(text: &str) -> &str {
    let text = text.trim_start();
    ["- ", "– ", "— ", ": ", "| ", "· ", "→ ", "-> "]
        .iter()
        .find_map(|mark| text.strip_prefix(mark))
        .unwrap_or(text)
}

fn is_action(word: &str) -> bool {
    ACTIONS.contains(&word.to_lowercase().as_str())
}

/// Who a text says has written it, and the text behind: `@kim`, `[kim]`, `(kim):`, and `Kim:` where
/// that is known to be somebody. A word in brackets may be many things but this one, if it is what
/// was done or has capitals only.
fn author<'a>(text: &'a str, scene: Scene<'a>) -> Option<(&'a str, &'a str)> {
    let is_name = |name: &str| {
        let lower = name.len() > 1 && name.contains(|c: char| c.is_ascii_lowercase());
        is_token(name) && lower && !is_action(name)
    };
    let (name, rest) = if let Some(text) = text.strip_prefix('@') {
        let end = text.find(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | ')'));
        text.split_at_checked(end.unwrap_or(text.len()))?
    } else if let Some(text) = text.strip_prefix('[') {
        let (name, rest) = text.split_once(']')?;
        rest.starts_with([' ', ':']).then_some((name, rest))?
    } else if let Some(text) = text.strip_prefix('(') {
        let (name, rest) = text.split_once(')')?;
        rest.starts_with(':').then_some((name, rest))?
    } else {
        let (name, _) = text.split_once(": ")?;
        let rest = text.get(name.len()..)?;
        scene.knows(name).then_some((name, rest))?
    };
    is_name(name).then(|| (name, behind_mark(rest)))
}

/// The names behind an `@` that begins a word.
pub(super) fn mentioned(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('@').filter_map(|(at, _)| {
        let (before, name) = text.split_at_checked(at)?;
        let name = name.get(1..)?;
        let end = name.find(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
        let name = name.get(..end.unwrap_or(name.len()))?;
        let begins = !before.ends_with(|c: char| c.is_alphanumeric());
        (begins && is_token(name)).then_some(name)
    })
}

fn entry<'a>(when: When, rest: &'a str, scene: Scene<'a>) -> Entry<'a> {
    let (agent, rest) = author(rest, scene).unwrap_or((scene.agent, rest));
    let scene = Scene { agent, ..scene };
    let of = |agent, action, scope, text| Entry {
        when,
        agent,
        action,
        scope,
        text,
    };
    if let Some((agent, action)) = rest.split_once('/')
        && is_token(agent)
        && is_token(action)
    {
        return of(agent, action, "", "");
    }
    if let Some((label, text)) = rest.split_once(": ") {
        let (word, scope) = match label.strip_suffix(')').and_then(|l| l.split_once('(')) {
            Some((word, scope)) => (word, Some(scope)),
            None => (label, None),
        };
        let lower = !word.chars().any(char::is_uppercase);
        if is_token(word) && (scope.is_some() || lower || is_action(word)) {
            return of(scene.agent, word, scope.unwrap_or(""), text.trim_start());
        }
    }
    of(scene.agent, "note", "", rest)
}

/// The marker of a list item, with the blanks behind it; empty for other lines.
pub(super) fn marker(line: &str) -> &str {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = line.get(digits..).unwrap_or("");
    let mark = match digits {
        0 if rest.starts_with(['-', '*', '+']) => 1,
        1..=3 if rest.starts_with(['.', ')']) => digits + 1,
        _ => return "",
    };
    let rest = line.get(mark..).unwrap_or("");
    let blanks = rest.len() - rest.trim_start_matches(' ').len();
    if blanks == 0 {
        return "";
    }
    line.get(..mark + blanks).unwrap_or("")
}

pub(super) fn bare(text: &str) -> &str {
    text.trim_start_matches(['[', '(', '*', '`', '_', ' '])
}

pub(super) fn dedent(line: &str, width: usize) -> &str {
    let blanks = line.len() - line.trim_start_matches(' ').len();
    line.get(blanks.min(width)..).unwrap_or(line)
}
