//! Logs that are tables.

use super::entry::{Entry, Scene};
use super::log::{Log, follows_text};
use super::when::When;
use crate::document::{Rewrite, Span, insert, is_token};

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

/// A table with a column of times. All of its rows are entries, or it stays what it is.
pub(super) fn entries(text: &str, lines: &[Span], scene: Scene, log: &mut Log) -> Option<Rewrite> {
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
        let day = date.filter(|date| *date != time).map(cell);
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
