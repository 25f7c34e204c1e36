//! Logs in other styles: stamped list items, lines, headings and tables.

use super::entry::{Scene, bare, dedent, entry_rest, heading_entry, line_entry, marker};
use super::sections::Mapped;
use super::table;
use super::when::{When, looks_timed};
use crate::document::schema::{SECTIONS, SESSION_LOG, same_name};
use crate::document::{
    Document, Heading, Rewrite, Span, Stamp, insert, line_start, next_line, prose,
};

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
    let headings: Vec<(usize, &Heading)> = document
        .body
        .headings
        .iter()
        .enumerate()
        .filter(|(_, heading)| place.span.contains(heading.span))
        .collect();
    let shift = headings
        .iter()
        .filter(|(index, heading)| !is_entry(document, *index, heading, scene))
        .map(|(_, heading)| heading.level)
        .min()
        .map_or(0, |level| 4_u8.saturating_sub(level));
    for (index, heading) in headings {
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
            if rest.is_empty() && is_day(document, index, heading, scene) {
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
                && (heading_entry(document, heading, scene).is_some()
                    || is_day(document, *index, heading, scene))
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
}

fn is_entry(document: &Document, index: usize, heading: &Heading, scene: Scene) -> bool {
    Stamp::parse(&heading.title).is_some()
        || heading_entry(document, heading, scene).is_some()
        || is_day(document, index, heading, scene)
}

/// Whether a heading is the date of the entries that follow directly, as lines or headings.
fn is_day(document: &Document, index: usize, heading: &Heading, scene: Scene) -> bool {
    let text = document.text;
    let day = When::whole(bare(heading.text_span.of(text)));
    let Some(day) = day.filter(|when| when.time.is_none()) else {
        return false;
    };
    let scene = Scene {
        day: Some(day.date),
        ..scene
    };
    let from = next_line(text, heading.span.end);
    let at = after_blank(text, from);
    let line = Span::new(at, next_line(text, at)).of(text);
    let next = document.body.headings.get(index + 1);
    let below =
        next.filter(|next| next.level > heading.level && line_start(text, next.span.start) == at);
    line_entry(line, scene).is_some()
        || below.is_some_and(|next| heading_entry(document, next, scene).is_some())
}

/// The lines that begin with a time, were not brought into our form, and are no entry in it.
pub(super) fn not_understood(document: &Document, title: Option<usize>, log: &Log) -> Vec<usize> {
    let text = document.text;
    let headings = document.body.headings.iter().enumerate();
    let headings = headings
        .filter(|(index, heading)| Some(*index) != title && Stamp::parse(&heading.title).is_none())
        .map(|(_, heading)| heading.text_span);
    let blocks = prose(text, document.body.span).into_iter();
    let lines = blocks.flat_map(|block| all_lines(text, block));
    let timed = |span: &Span| {
        let line = span.of(text).trim_start_matches([' ', '\t', '|']);
        let line = line.strip_prefix(marker(line)).unwrap_or(line);
        let done = |change: &Rewrite| {
            let Span { start, end } = change.span;
            !change.said.is_empty() && (start..end).contains(&span.start)
        };
        looks_timed(bare(line)) && !log.changes.iter().any(done)
    };
    let mut found: Vec<usize> = headings
        .chain(lines)
        .filter(timed)
        .map(|span| document.position(span.start).0)
        .collect();
    found.sort_unstable();
    found
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
        let entry = is_entry(document, index, heading, scene);
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
    pub fn seen(&mut self, when: When) {
        self.first = self.first.or(Some(when));
        self.last = Some(when);
    }
}

/// The entries among the lines of a span without headings.
fn lines(document: &Document, span: Span, scene: Scene, log: &mut Log) {
    let text = document.text;
    for block in prose(text, span) {
        let all: Vec<Span> = all_lines(text, block).collect();
        if let Some(change) = table::entries(text, &all, scene, log) {
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
            loop {
                let next = all
                    .iter()
                    .skip(index)
                    .position(|line| !line.of(text).trim().is_empty());
                let Some(next) = next.map(|next| index + next) else {
                    break;
                };
                let item = |line: &&Span| width > 0 && indented(line);
                let Some(line) = all.get(next).filter(item) else {
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
pub(super) fn follows_text(text: &str, at: usize) -> bool {
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
