//! Logs in other styles: stamped list items, lines, headings and tables.

use chrono::NaiveDate;

use super::sections::Mapped;
use super::when::When;
use crate::document::schema::{SECTIONS, SESSION_LOG, same_name};
use crate::document::time::format_minute;
use crate::document::{
    Document, Heading, Rewrite, Span, Stamp, insert, is_token, line_start, next_line, prose,
};

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

/// How columns of a log's table are called, in lower case.
const DATE_COLUMNS: &[&str] = &["date", "day"];
const TIME_COLUMNS: &[&str] = &[
    "time",
    "timestamp",
    "when",
    "at",
    "time (utc)",
    "utc",
    "date/time",
];
const AGENT_COLUMNS: &[&str] = &["agent", "who", "by", "author", "actor", "role"];
const ACTION_COLUMNS: &[&str] = &["action", "type", "event type", "kind", "phase"];

/// Columns whose name says nothing about the text in them.
const TEXT_COLUMNS: &[&str] = &[
    "",
    "what",
    "what happened",
    "event",
    "entry",
    "description",
    "note",
    "notes",
    "details",
    "activity",
    "message",
    "summary",
    "text",
];

/// What is known about the log as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    /// The day of times without a date.
    pub day: Option<NaiveDate>,
    /// Who writes where no entry says so.
    pub agent: &'a str,
}

/// What becomes of the log.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub changes: Vec<Rewrite>,
    /// How many entries were brought into our form.
    pub entries: usize,
    /// The time of the first entry, mapped or not.
    pub first: Option<When>,
    /// The time of the last one.
    pub last: Option<When>,
}

struct Entry<'a> {
    when: When,
    agent: &'a str,
    action: &'a str,
    scope: &'a str,
    text: &'a str,
}

impl Entry<'_> {
    fn heading(&self) -> Option<String> {
        let heading = format!(
            "### {} - {}/{}",
            format_minute(self.when.at()?),
            self.agent,
            self.action
        );
        Stamp::parse(heading.get(4..)?).is_some().then_some(heading)
    }

    fn text(&self) -> String {
        if self.scope.is_empty() {
            self.text.to_owned()
        } else {
            format!("{}: {}", self.scope, self.text)
        }
    }
}

/// Finds the log and brings its entries into our form. `taken` are headings that are sections.
pub(super) fn map(
    document: &Document,
    title: Option<usize>,
    taken: &[Mapped],
    scene: Scene,
) -> Log {
    let mut log = Log::default();
    let Some(place) = Place::find(document, title, taken, scene) else {
        return log;
    };
    let mut scene = scene;
    let mut from = place.span.start;
    let headings: Vec<&Heading> = document
        .body
        .headings
        .iter()
        .filter(|heading| place.span.contains(heading.span))
        .collect();
    let shift = headings
        .iter()
        .filter(|heading| !place.is_entry(document, heading, scene))
        .map(|heading| heading.level)
        .min()
        .map_or(0, |level| 4_u8.saturating_sub(level));
    for heading in &headings {
        lines(
            document,
            Span::new(from, heading.span.start),
            scene,
            &mut log,
        );
        from = next_line(document.text, heading.span.end);
        let raw = heading.text_span.of(document.text);
        if let Some((when, rest)) = When::lead(bare(raw))
            && when.time.is_none()
        {
            scene.day = Some(when.date);
            if rest.is_empty() && place.begins_with_entry(document, from, scene) {
                log.changes.push(Rewrite {
                    span: Span::new(heading.span.start, after_blank(document.text, from)),
                    text: String::new(),
                    said: vec![heading.span],
                });
                continue;
            }
        }
        stamped_heading(document, heading, shift, scene, &mut log);
    }
    let end = place.span.end;
    lines(document, Span::new(from, end), scene, &mut log);
    if let (Some(at), true) = (place.opening, log.entries > 0) {
        log.changes.push(Rewrite {
            span: Span::at(at),
            text: format!("{}## {SESSION_LOG}\n\n", rule_above(document, at)),
            said: Vec::new(),
        });
    }
    log
}

/// Where the log is.
struct Place {
    span: Span,
    /// Where its heading has to be put in, if it has none.
    opening: Option<usize>,
}

impl Place {
    fn find(
        document: &Document,
        title: Option<usize>,
        taken: &[Mapped],
        scene: Scene,
    ) -> Option<Self> {
        let body = &document.body;
        let headings = &body.headings;
        let renamed = taken.iter().find(|one| same_name(one.name, SESSION_LOG));
        let own = body
            .section(SESSION_LOG)
            .map(|(_, section)| section.heading);
        if let Some(index) = own.or(renamed.map(|one| one.heading)) {
            let heading = headings.get(index)?;
            let start = next_line(document.text, heading.span.end);
            let end = end_of(document, index + 1, heading.level.max(2), taken, scene);
            return Some(Self {
                span: Span::new(start, end.max(start)),
                opening: None,
            });
        }
        let first_section = body.sections.first().map_or(usize::MAX, |s| s.heading);
        let stamped = headings.iter().enumerate().find(|(index, heading)| {
            Some(*index) != title
                && (heading.level <= 2 || heading.level == 3 && *index < first_section)
                && heading_entry(document, heading, scene).is_some()
        });
        if let Some((index, heading)) = stamped {
            let start = line_start(document.text, heading.span.start);
            let end = end_of(document, index + 1, heading.level.max(2), taken, scene);
            return Some(Self {
                span: Span::new(start, end),
                opening: Some(start),
            });
        }
        // Stamped lines right below the title.
        let own = title.and_then(|title| headings.get(title));
        let from = own.map_or(body.span.start, |title| {
            next_line(document.text, title.span.end)
        });
        let next = headings.get(title.map_or(0, |title| title + 1));
        let until = next.map_or(document.text.len(), |next| next.span.start);
        let dated = Scene { day: None, ..scene };
        let first = prose(document.text, Span::new(from, until.max(from)))
            .into_iter()
            .flat_map(|block| all_lines(document.text, block))
            .find(|line| line_entry(line.of(document.text), dated).is_some())?;
        Some(Self {
            span: Span::new(first.start, until),
            opening: Some(first.start),
        })
    }

    fn is_entry(&self, document: &Document, heading: &Heading, scene: Scene) -> bool {
        Stamp::parse(&heading.title).is_some()
            || heading_entry(document, heading, scene).is_some()
            || When::whole(heading.text_span.of(document.text)).is_some()
                && self.begins_with_entry(
                    document,
                    next_line(document.text, heading.span.end),
                    Scene {
                        day: Some(NaiveDate::default()),
                        ..scene
                    },
                )
    }

    /// Whether the first line with something on it is an entry.
    fn begins_with_entry(&self, document: &Document, from: usize, scene: Scene) -> bool {
        let rest = Span::new(from, self.span.end);
        let first = rest
            .of(document.text)
            .lines()
            .find(|line| !line.trim().is_empty());
        first.is_some_and(|line| line_entry(line, scene).is_some())
    }
}

/// Where a log that has its last known heading before `from` ends: at the next heading of its own
/// level or above, unless that is an entry, or entries still come before the next section.
fn end_of(document: &Document, from: usize, level: u8, taken: &[Mapped], scene: Scene) -> usize {
    let headings = &document.body.headings;
    let mut end = None;
    for (index, heading) in headings.iter().enumerate().skip(from) {
        if heading.level > level {
            continue;
        }
        let known = taken.iter().any(|one| one.heading == index)
            || SECTIONS.iter().any(|name| same_name(name, &heading.title));
        let entry = heading_entry(document, heading, scene).is_some()
            || Stamp::parse(&heading.title).is_some();
        if known {
            end.get_or_insert(heading.span.start);
            break;
        }
        if entry {
            end = None;
        } else {
            end.get_or_insert(heading.span.start);
        }
    }
    end.map_or(document.text.len(), |end| line_start(document.text, end))
}

fn stamped_heading(document: &Document, heading: &Heading, shift: u8, scene: Scene, log: &mut Log) {
    let text = document.text;
    let own = Stamp::parse(&heading.title);
    if let Some(stamp) = own {
        let when = When {
            date: stamp.at.date_naive(),
            time: Some((stamp.at.time(), chrono::TimeDelta::zero())),
        };
        log.seen(when);
        if heading.level != 3 {
            log.entries += 1;
            log.changes.push(Rewrite {
                span: heading.span,
                text: format!("### {}", heading.text_span.of(text)),
                said: Vec::new(),
            });
        }
        return;
    }
    if let Some(entry) = heading_entry(document, heading, scene)
        && let Some(new) = entry.heading()
    {
        log.seen(entry.when);
        log.entries += 1;
        let words = insert::block(&entry.text(), 3);
        let rest = heading.text_span.end - entry_rest(heading.text_span.of(text), scene);
        log.changes.push(Rewrite {
            span: heading.span,
            text: if words.is_empty() {
                new
            } else {
                format!("{new}\n\n{words}{}", gap_below(text, heading.span.end))
            },
            said: vec![
                Span::new(heading.span.start, rest),
                Span::new(heading.text_span.end, heading.span.end),
            ],
        });
        return;
    }
    if shift > 0 {
        let level = usize::from((heading.level + shift).min(6));
        log.changes.push(Rewrite {
            span: heading.span,
            text: format!("{} {}", "#".repeat(level), heading.text_span.of(text)),
            said: Vec::new(),
        });
    }
}

impl Log {
    fn seen(&mut self, when: When) {
        self.first = self.first.or(Some(when));
        self.last = Some(when);
    }
}

/// The entries among the lines of a span without headings.
fn lines(document: &Document, span: Span, scene: Scene, log: &mut Log) {
    let text = document.text;
    for block in prose(text, span) {
        let all: Vec<Span> = all_lines(text, block).collect();
        if let Some(change) = table(text, &all, scene, log) {
            log.changes.push(change);
            continue;
        }
        let mut index = 0;
        while let Some(line) = all.get(index) {
            index += 1;
            let Some(entry) = line_entry(line.of(text), scene) else {
                continue;
            };
            let Some(heading) = entry.heading() else {
                continue;
            };
            let width = marker(line.of(text)).len();
            let mut words = entry.text();
            let rest_length = entry_rest(line.of(text).trim_end(), scene);
            let line_end = line.start + line.of(text).trim_end().len();
            let mut span = *line;
            let indented = |line: &Span| {
                let line = line.of(text);
                line.starts_with([' ', '\t']) && !line.trim().is_empty()
            };
            while width > 0 {
                let next = all
                    .iter()
                    .skip(index)
                    .position(|line| !line.of(text).trim().is_empty());
                let Some(next) = next.map(|next| index + next) else {
                    break;
                };
                let Some(line) = all.get(next).filter(|line| indented(line)) else {
                    break;
                };
                words.push_str(&"\n".repeat(next - index + 1));
                words.push_str(dedent(line.of(text), width).trim_end_matches(['\n', '\r']));
                span.end = line.end;
                index = next + 1;
            }
            log.seen(entry.when);
            log.entries += 1;
            let words = insert::block(&words, 3);
            // A rule directly below would make a heading of the words.
            let next = Span::new(span.end, next_line(text, span.end)).of(text);
            let below = width > 0 && !next.trim().is_empty() && line_entry(next, scene).is_none();
            log.changes.push(Rewrite {
                span,
                text: [
                    if follows_text(text, span.start) {
                        "\n"
                    } else {
                        ""
                    },
                    &heading,
                    if words.is_empty() { "" } else { "\n\n" },
                    &words,
                    if below { "\n\n" } else { "\n" },
                ]
                .concat(),
                said: vec![Span::new(line.start, line_end - rest_length)],
            });
        }
    }
}

/// A table with a column of times. All of its rows are entries, or it stays what it is.
fn table(text: &str, lines: &[Span], scene: Scene, log: &mut Log) -> Option<Rewrite> {
    let [head, rule, rows @ ..] = lines else {
        return None;
    };
    let is_rule =
        |line: &str| line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
    is_rule(rule.of(text).trim()).then_some(())?;
    let names: Vec<String> = cells(text, *head)?
        .iter()
        .map(|cell| cell.of(text).trim_matches('*').to_lowercase())
        .collect();
    let column = |known: &[&str]| names.iter().position(|name| known.contains(&name.as_str()));
    let (date, time) = (column(DATE_COLUMNS), column(TIME_COLUMNS));
    let time = time.or(date)?;
    let (agent, action) = (column(AGENT_COLUMNS), column(ACTION_COLUMNS));
    let mut said = vec![*head, *rule];
    let mut new = Vec::new();
    let mut seen = Vec::new();
    for row in rows {
        let row = cells(text, *row).filter(|cells| cells.len() == names.len())?;
        let cell = |at: usize| row.get(at).map_or("", |cell| cell.of(text));
        let day = date.filter(|date| *date != time).map(|date| cell(date));
        let stamp = match day {
            Some(day) => format!("{day} {}", cell(time)),
            None => cell(time).to_owned(),
        };
        let when = When::whole(&stamp).or_else(|| {
            let (when, rest) = When::lead_on(scene.day?, &stamp)?;
            rest.is_empty().then_some(when)
        });
        let when = when.filter(|when| when.time.is_some())?;
        said.extend(row.get(time));
        said.extend(date.and_then(|date| row.get(date)));
        let token = |at: Option<usize>| at.map(cell).filter(|text| is_token(text));
        let mut words = Vec::new();
        let others = |at: usize| {
            let is = |one: Option<usize>| one == Some(at) && token(one).is_some();
            at != time && Some(at) != date && !is(agent) && !is(action)
        };
        let count = (0..names.len()).filter(|at| others(*at)).count();
        for (at, name) in names.iter().enumerate().filter(|(at, _)| others(*at)) {
            let cell = cell(at).replace("\\|", "|");
            if cell.is_empty() {
                continue;
            }
            words.push(
                if count > 1 && !name.is_empty() || !TEXT_COLUMNS.contains(&name.as_str()) {
                    let name = cells(text, *head)?.get(at).map_or("", |name| name.of(text));
                    format!("- {name}: {cell}")
                } else {
                    cell
                },
            );
        }
        let entry = Entry {
            when,
            agent: token(agent).unwrap_or(scene.agent),
            action: token(action).unwrap_or("note"),
            scope: "",
            text: "",
        };
        let words = insert::block(&words.join("\n"), 3);
        new.push(format!("{}\n\n{words}\n", entry.heading()?));
        seen.push(when);
    }
    (!new.is_empty()).then_some(())?;
    log.entries += new.len();
    for when in seen {
        log.seen(when);
    }
    let span = Span::new(head.start, rows.last()?.end);
    let gap = if follows_text(text, span.start) {
        "\n"
    } else {
        ""
    };
    Some(Rewrite {
        span,
        text: format!("{gap}{}", new.join("\n")),
        said,
    })
}

/// The cells of a row, without the blanks around them.
fn cells(text: &str, line: Span) -> Option<Vec<Span>> {
    let row = line.of(text).trim_end();
    row.starts_with('|').then_some(())?;
    let mut found = Vec::new();
    let mut start = None;
    let mut escaped = false;
    for (at, c) in row.char_indices() {
        if c == '|' && !escaped {
            if let Some(start) = start {
                let cell = Span::new(line.start + start, line.start + at);
                let slice = cell.of(text);
                let lead = slice.len() - slice.trim_start().len();
                let from = (cell.start + lead).min(cell.end);
                found.push(Span::new(from, from + slice.trim().len()));
            }
            start = Some(at + 1);
        }
        escaped = c == '\\' && !escaped;
    }
    Some(found)
}

fn heading_entry<'a>(
    document: &Document<'a>,
    heading: &Heading,
    scene: Scene<'a>,
) -> Option<Entry<'a>> {
    let raw = heading.text_span.of(document.text);
    let (when, rest) = stamp(raw, scene)?;
    Some(entry(when, rest, scene, true))
}

fn line_entry<'a>(line: &'a str, scene: Scene<'a>) -> Option<Entry<'a>> {
    let line = line.trim_end();
    if line.starts_with([' ', '\t']) {
        return None;
    }
    let text = line.strip_prefix(marker(line))?;
    let (when, rest) = stamp(text, scene)?;
    Some(entry(when, rest, scene, false))
}

/// How long the part of a line is that comes behind its time.
fn entry_rest(text: &str, scene: Scene) -> usize {
    let text = text.strip_prefix(marker(text)).unwrap_or(text);
    stamp(text, scene).map_or(0, |(_, rest)| rest.len())
}

/// The time that a text begins with and what comes behind, without the marks between.
fn stamp<'a>(text: &'a str, scene: Scene) -> Option<(When, &'a str)> {
    let opened = bare(text);
    let (when, rest) = When::lead(opened)
        .or_else(|| When::lead_on(scene.day?, opened))
        .filter(|(when, _)| when.time.is_some())?;
    let open = text.len() - opened.len();
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
    let rest = closed.trim_start();
    let rest = ["- ", "– ", "— ", ": ", "| ", "· ", "→ ", "-> "]
        .iter()
        .find_map(|mark| rest.strip_prefix(mark))
        .unwrap_or(rest);
    let alone = ["-", "–", "—", ":", "|"];
    let rest = rest.trim();
    Some((when, if alone.contains(&rest) { "" } else { rest }))
}

fn entry<'a>(when: When, rest: &'a str, scene: Scene<'a>, heading: bool) -> Entry<'a> {
    let of = |agent, action, scope, text| Entry {
        when,
        agent,
        action,
        scope,
        text,
    };
    let is_action = |word: &str| ACTIONS.contains(&word.to_lowercase().as_str());
    if let Some((agent, action)) = rest.split_once('/')
        && is_token(agent)
        && is_token(action)
    {
        return of(agent, action, "", "");
    }
    if heading && is_token(rest) {
        return if is_action(rest) {
            of(scene.agent, rest, "", "")
        } else {
            of(rest, "note", "", "")
        };
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
fn marker(line: &str) -> &str {
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

fn bare(text: &str) -> &str {
    text.trim_start_matches(['[', '(', '*', '`', '_', ' '])
}

fn dedent(line: &str, width: usize) -> &str {
    let blanks = line.len() - line.trim_start_matches(' ').len();
    line.get(blanks.min(width)..).unwrap_or(line)
}

fn all_lines(text: &str, block: Span) -> impl Iterator<Item = Span> {
    let mut at = line_start(text, block.start);
    std::iter::from_fn(move || {
        (at < block.end).then(|| {
            let line = Span::new(at, next_line(text, at));
            at = line.end.max(at + 1);
            line
        })
    })
}

/// What has to stand below text that is put in place of a heading which ends at `end`, so that it
/// does not run into what follows.
pub(super) fn gap_below(text: &str, end: usize) -> &'static str {
    let next = next_line(text, end);
    let line = Span::new(next, next_line(text, next)).of(text);
    if line.trim().is_empty() { "" } else { "\n" }
}

/// The rule before the log, as far as it is not there.
pub(super) fn rule_above(document: &Document, at: usize) -> &'static str {
    let before = Span::new(document.body.span.start, at).of(document.text);
    let last = before.trim_end().lines().next_back().unwrap_or("").trim();
    let is_rule = |mark: char| last.len() >= 3 && last.chars().all(|c| c == mark || c == ' ');
    match (
        ['-', '*', '_'].into_iter().any(is_rule),
        follows_text(document.text, at),
    ) {
        (true, false) => "",
        (true, true) => "\n",
        (false, false) => "---\n\n",
        // Directly below a paragraph it would make a heading of it.
        (false, true) => "\n---\n\n",
    }
}

/// Whether the line above has something on it.
fn follows_text(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or("");
    let above = before
        .strip_suffix("\r\n")
        .or_else(|| before.strip_suffix(['\n', '\r']))
        .unwrap_or("");
    let line = Span::new(line_start(above, above.len()), above.len());
    !line.of(above).trim().is_empty()
}

fn after_blank(text: &str, mut at: usize) -> usize {
    while at < text.len() {
        let next = next_line(text, at);
        if !Span::new(at, next).of(text).trim().is_empty() {
            break;
        }
        at = next;
    }
    at
}
