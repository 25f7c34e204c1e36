//! Sections under other names.

use std::collections::HashSet;

use crate::document::schema::{self, SECTIONS, same_name};
use crate::document::{Body, Document, Heading, Rewrite, Span};

/// What other schemes call our sections, in lower case without signs. Of several that mean the
/// same section, the one that comes first here becomes it; the others keep their names.
const ALIASES: &[(&str, &[&str])] = &[
    (
        schema::CONTEXT,
        &[
            "background",
            "overview",
            "context and background",
            "background and context",
            "task overview",
            "problem statement",
            "problem",
            "motivation",
            "objective",
            "objectives",
            "goal",
            "goals",
            "purpose",
            "introduction",
        ],
    ),
    (
        schema::CURRENT_STATE,
        &[
            "current status",
            "where things stand",
            "where we are",
            "state of play",
            "current situation",
            "session status",
            "handoff",
            "handoff notes",
            "handover",
            "status",
            "state",
        ],
    ),
    (
        schema::NEXT_STEPS,
        &[
            "what s next",
            "whats next",
            "next",
            "next up",
            "next actions",
            "next session",
            "todo",
            "todos",
            "to do",
            "to dos",
            "action items",
            "remaining work",
            "remaining tasks",
            "remaining",
            "todos carried forward",
            "follow ups",
            "follow up",
        ],
    ),
    (
        schema::EXECUTION_PROGRESS,
        &["implementation progress", "progress", "task list"],
    ),
    (
        "Technical Context",
        &[
            "technical notes",
            "technical details",
            "key files",
            "relevant files",
        ],
    ),
    (
        schema::FILES_MODIFIED,
        &[
            "files changed",
            "changed files",
            "modified files",
            "files touched",
        ],
    ),
    (
        schema::ACCEPTANCE_CRITERIA,
        &[
            "definition of done",
            "success criteria",
            "exit criteria",
            "done when",
        ],
    ),
    (
        schema::DECISIONS,
        &[
            "key decisions",
            "decisions made",
            "design decisions",
            "decision log",
        ],
    ),
    (
        schema::LESSONS_LEARNED,
        &[
            "learnings",
            "lessons",
            "key learnings",
            "what we learned",
            "takeaways",
        ],
    ),
    (
        schema::BLOCKERS,
        &["blocked on", "blocked by", "known blockers", "impediments"],
    ),
    (
        schema::SESSION_LOG,
        &[
            "work log",
            "worklog",
            "progress log",
            "activity log",
            "journal",
            "session journal",
            "dev log",
            "devlog",
            "timeline",
            "activity",
            "log",
        ],
    ),
];

/// A heading that is to be one of our sections.
#[derive(Debug)]
pub(super) struct Mapped {
    /// Index into the headings.
    pub heading: usize,
    /// The name it gets.
    pub name: &'static str,
    /// What stands behind the name, such as a remark in parentheses; text from now on.
    pub remark: Span,
}

/// The headings that become our sections. `title` is the heading that is the title.
pub(super) fn map(document: &Document, title: Option<usize>) -> Vec<Mapped> {
    let body = &document.body;
    let mut mapped = Vec::new();
    for name in SECTIONS {
        if body.section(name).is_some() {
            continue;
        }
        let aliases = ALIASES.iter().find(|(own, _)| *own == name);
        let aliases = aliases.map_or(&[][..], |(_, aliases)| aliases);
        let own = plain(name);
        let names = std::iter::once(own.as_str()).chain(aliases.iter().copied());
        // At the level of a section first, whatever the name.
        let names: Vec<&str> = names.collect();
        let found = [2, 1, 3].into_iter().find_map(|level| {
            names.iter().find_map(|name| {
                let mut fitting = candidates(body, level, title)
                    .filter_map(|(index, heading)| Some((index, remark(document, heading, name)?)));
                let first = fitting.next()?;
                fitting.next().is_none().then_some(first)
            })
        });
        if let Some((heading, remark)) = found {
            mapped.push(Mapped {
                heading,
                name,
                remark,
            });
        }
    }
    // One heading cannot be two sections; a part of a section stays where it is unless all its
    // siblings are sections as well.
    let all: HashSet<usize> = mapped.iter().map(|one| one.heading).collect();
    mapped.retain(|one| is_clear(body, one.heading, &all));
    mapped.sort_by_key(|one| one.heading);
    mapped.dedup_by_key(|one| one.heading);
    mapped
}

fn candidates<'b, 'a>(
    body: &'b Body<'a>,
    level: u8,
    title: Option<usize>,
) -> impl Iterator<Item = (usize, &'b Heading<'a>)> {
    let headings = body.headings.iter().enumerate();
    headings.filter(move |(index, heading)| heading.level == level && Some(*index) != title)
}

/// Whether making a section of this heading takes nothing out of another one: below one of level
/// 3, no other part of the same section follows.
fn is_clear(body: &Body, index: usize, mapped: &HashSet<usize>) -> bool {
    let Some(heading) = body.headings.get(index) else {
        return false;
    };
    if heading.level < 3 {
        return true;
    }
    let mut siblings = body.headings.iter().enumerate().skip(index + 1);
    let all = siblings
        .by_ref()
        .take_while(|(_, other)| other.level >= 3)
        .filter(|(_, other)| other.level == 3)
        .all(|(index, _)| mapped.contains(&index));
    // Where the document has no sections at all, level 3 is that of its sections.
    all || !body.headings.iter().any(|other| other.level == 2)
}

/// What a heading says behind `name`, if it is this name: nothing, a remark in parentheses, or
/// words behind a dash or colon.
fn remark(document: &Document, heading: &Heading, name: &str) -> Option<Span> {
    let text = heading.text_span.of(document.text);
    if plain(&heading.title) == name {
        return Some(Span::at(heading.text_span.end));
    }
    let at = text.find(['(', '[']).or_else(|| {
        [": ", " - ", " – ", " — "]
            .iter()
            .filter_map(|mark| text.find(mark))
            .min()
    })?;
    let (start, rest) = text.split_at_checked(at)?;
    // Of a weak name, as `Status: …` or `Log - …`, more words can make another one.
    let strong = rest.starts_with(['(', '[']) || SECTIONS.iter().any(|own| plain(own) == name);
    let behind = rest.trim_start_matches([':', '-', '–', '—', ' ']);
    let start_of_rest = heading.text_span.end - behind.len();
    (strong && plain(start) == name && !behind.is_empty())
        .then(|| Span::new(start_of_rest, heading.text_span.end))
}

/// Lower case, words only: without emoji, numbers in front, and punctuation.
fn plain(name: &str) -> String {
    let name = name.replace('&', " and ").to_lowercase();
    let words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .skip_while(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    words.collect::<Vec<_>>().join(" ")
}

/// The new heading of a section.
pub(super) fn rename(document: &Document, mapped: &Mapped) -> Option<Rewrite> {
    let heading = document.body.headings.get(mapped.heading)?;
    let remark = mapped.remark.of(document.text);
    let mut text = format!("## {}", mapped.name);
    if same_name(mapped.name, schema::SESSION_LOG) && !follows_rule(document, heading) {
        text.insert_str(0, "---\n\n");
    }
    if !remark.is_empty() {
        text = format!("{text}\n\n{remark}\n");
    }
    let name = Span::new(
        heading.span.start,
        mapped.remark.start.max(heading.span.start),
    );
    let behind = Span::new(mapped.remark.end, heading.span.end);
    Some(Rewrite {
        span: heading.span,
        text,
        said: vec![name, behind],
    })
}

/// Whether a rule already parts this heading from what stands before it.
pub(super) fn follows_rule(document: &Document, heading: &Heading) -> bool {
    let before = Span::new(document.body.span.start, heading.span.start).of(document.text);
    let last = before.trim_end().lines().next_back().unwrap_or("");
    let rule = last.trim();
    rule.len() >= 3
        && ["-", "*", "_"]
            .iter()
            .any(|c| rule.replace(' ', "").replace(c, "").is_empty())
}

/// New names for sections that are there twice, of which only the first is read.
pub(super) fn number_repeated(document: &Document) -> Vec<Rewrite> {
    let mut changes = Vec::new();
    for name in SECTIONS {
        for (count, (_, section)) in document.body.sections_named(name).enumerate().skip(1) {
            if let Some(heading) = document.body.heading(section) {
                let title = heading
                    .text_span
                    .of(document.text)
                    .trim_end_matches([':', ' ']);
                changes.push(Rewrite {
                    span: heading.span,
                    text: format!("## {title} ({})", count + 1),
                    said: Vec::new(),
                });
            }
        }
    }
    changes
}
