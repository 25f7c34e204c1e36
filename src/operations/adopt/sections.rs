//! Sections under other names.

use std::collections::HashSet;

use super::entry::bare;
use super::log::{gap_below, rule_above};
use super::when::looks_timed;
use crate::document::schema::{self, SECTIONS, is_slip, same_name};
use crate::document::{Body, Document, Heading, Rewrite, Span, next_line};

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
            "kontext",
            "hintergrund",
            "ausgangslage",
            "ziel",
            "contexte",
            "objectif",
            "but",
            "contexto",
            "antecedentes",
            "objetivo",
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
            "aktueller stand",
            "stand",
            "stand der dinge",
            "état actuel",
            "état des lieux",
            "où en sommes nous",
            "estado actual",
            "estado",
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
            "nächste schritte",
            "als nächstes",
            "offene punkte",
            "prochaines étapes",
            "étapes suivantes",
            "à faire",
            "próximos pasos",
            "siguientes pasos",
            "pendientes",
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
            "geänderte dateien",
            "fichiers modifiés",
            "archivos modificados",
        ],
    ),
    (
        schema::ACCEPTANCE_CRITERIA,
        &[
            "definition of done",
            "success criteria",
            "exit criteria",
            "done when",
            "akzeptanzkriterien",
            "critères d acceptation",
            "criterios de aceptación",
        ],
    ),
    (
        schema::DECISIONS,
        &[
            "key decisions",
            "decisions made",
            "design decisions",
            "decision log",
            "entscheidungen",
            "décisions",
            "decisiones",
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
            "erkenntnisse",
            "enseignements",
            "lecciones aprendidas",
        ],
    ),
    (
        schema::BLOCKERS,
        &[
            "blocked on",
            "blocked by",
            "known blockers",
            "impediments",
            "blockaden",
            "points bloquants",
            "bloqueos",
        ],
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
            "arbeitsprotokoll",
            "logbuch",
            "journal de bord",
            "bitácora",
        ],
    ),
];

/// What a log is called that may as well be prose; it is one if it begins with an entry.
const HISTORIES: &[&str] = &["history", "verlauf", "historique", "historial", "registro"];

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
    // At another level only our own name is certain, unless there is no better one or it stands
    // below nothing but the title.
    let headings = &body.headings;
    let first = headings.iter().position(|heading| heading.level == 2);
    let early = |candidate: &Candidate| first.is_none_or(|first| candidate.heading < first);
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
            names().find_map(|name| {
                let mut fitting = candidates.iter().filter_map(|candidate| {
                    let remark = candidate.remark(name, name == own)?;
                    let certain =
                        level == 2 || remark.is_empty() && (name == own || early(candidate));
                    (candidate.level == level && certain).then_some((candidate.heading, remark))
                });
                let first = fitting.next()?;
                (level == 2 || fitting.next().is_none()).then_some(first)
            })
        });
        let slip = || {
            let near = |one: &&Candidate| one.level == 2 && is_slip(&one.name, name);
            let known = |one: &Candidate| SECTIONS.iter().any(|own| plain(own) == one.name);
            let near = candidates.iter().filter(near).find(|one| !known(one))?;
            Some((near.heading, Span::at(near.end)))
        };
        let history = || {
            let is_log = |one: &&Candidate| {
                let is_named = one.level == 2 && HISTORIES.contains(&one.name.as_str());
                is_named && same_name(name, schema::SESSION_LOG) && begins_timed(document, one)
            };
            let one = candidates.iter().find(is_log)?;
            Some((one.heading, Span::at(one.end)))
        };
        if let Some((heading, remark)) = found.or_else(slip).or_else(history) {
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

/// Whether the first thing below a heading begins with a time.
fn begins_timed(document: &Document, candidate: &Candidate) -> bool {
    let rest = Span::new(next_line(document.text, candidate.end), document.text.len());
    let mut lines = rest.of(document.text).lines();
    let first = lines.find(|line| !line.trim().is_empty());
    first.is_some_and(|line| looks_timed(bare(line.trim_start_matches(['#', '-', '*', '+', ' ']))))
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
    // Where the document has no sections before it, level 3 is that of its sections.
    let above = body.headings.iter().take(index);
    if above.into_iter().all(|other| other.level != 2) {
        return true;
    }
    let siblings = body.headings.iter().enumerate().skip(index + 1);
    siblings
        .take_while(|(_, other)| other.level >= 3)
        .filter(|(_, other)| other.level == 3)
        .all(|(index, _)| mapped.contains(&index))
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
