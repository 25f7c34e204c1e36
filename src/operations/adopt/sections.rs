//! Sections under other names.

use std::collections::HashSet;

use super::log::{gap_below, rule_above};
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
            "next todo",
            "next todos",
            "next session",
            "notes for next session",
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

/// A heading as it is compared with names.
struct Candidate {
    heading: usize,
    level: u8,
    /// All of it.
    name: String,
    /// What stands before a remark, the remark, and whether that is in brackets.
    lead: Option<(String, Span, bool)>,
    end: usize,
}

impl Candidate {
    fn new(document: &Document, index: usize, heading: &Heading) -> Self {
        let text = heading.text_span.of(document.text);
        let end = heading.text_span.end;
        let marks = [": ", " - ", " – ", " — "]
            .iter()
            .filter_map(|mark| text.find(mark));
        let at = text.find(['(', '[']).or_else(|| marks.min());
        let lead = at
            .and_then(|at| text.split_at_checked(at))
            .map(|(lead, rest)| {
                let behind = rest.trim_start_matches([':', '-', '–', '—', ' ']);
                let remark = Span::new(end - behind.len(), end);
                (plain(lead), remark, rest.starts_with(['(', '[']))
            });
        Self {
            heading: index,
            level: heading.level,
            name: plain(&heading.title),
            lead: lead.filter(|(_, remark, _)| !remark.is_empty()),
            end,
        }
    }

    /// What it says behind `name`, if it is this name: nothing, a remark in brackets, or, where
    /// the name is our own, words behind a dash or colon.
    fn remark(&self, name: &str, own: bool) -> Option<Span> {
        if self.name == name {
            return Some(Span::at(self.end));
        }
        let (lead, remark, brackets) = self.lead.as_ref()?;
        (lead == name && (own || *brackets)).then_some(*remark)
    }
}

/// The headings that become our sections. `title` is the heading that is the title.
pub(super) fn map(document: &Document, title: Option<usize>) -> Vec<Mapped> {
    let body = &document.body;
    let candidates: Vec<Candidate> = body
        .headings
        .iter()
        .enumerate()
        .filter(|(index, heading)| heading.level <= 3 && Some(*index) != title)
        .map(|(index, heading)| Candidate::new(document, index, heading))
        .collect();
    // At another level only our own name is certain, unless there is no better one.
    let flat = !body.headings.iter().any(|heading| heading.level == 2);
    let mut mapped = Vec::new();
    for name in SECTIONS {
        if body.section(name).is_some() {
            continue;
        }
        let aliases = ALIASES.iter().find(|(own, _)| *own == name);
        let aliases = aliases.map_or(&[][..], |(_, aliases)| aliases);
        let own = plain(name);
        let names = || std::iter::once(own.as_str()).chain(aliases.iter().copied());
        let found = [2, 1, 3].into_iter().find_map(|level| {
            let certain = if level == 2 || flat { usize::MAX } else { 1 };
            names().take(certain).find_map(|name| {
                let mut fitting = candidates.iter().filter_map(|candidate| {
                    let remark = candidate.remark(name, name == own)?;
                    let fits = candidate.level == level && (level == 2 || remark.is_empty());
                    fits.then_some((candidate.heading, remark))
                });
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
    if same_name(mapped.name, schema::SESSION_LOG) {
        text.insert_str(0, rule_above(document, heading.span.start));
    }
    if !remark.is_empty() {
        text = format!(
            "{text}\n\n{remark}{}",
            gap_below(document.text, heading.span.end)
        );
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
