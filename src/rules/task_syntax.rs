use super::context::{Context, Findings, Safety, shown};
use super::rule::declare;
use crate::document::schema::{ACCEPTANCE_CRITERIA, EXECUTION_PROGRESS, NEXT_STEPS};
use crate::document::{Span, line_start, next_line};

declare! {
    /// A line where tasks stand looks like one and is none.
    ///
    /// ## What it checks
    ///
    /// A task is a dash, a blank, `[ ]` or `[x]`, a blank, and text. Lines of Next Steps, Execution
    /// Progress and Acceptance Criteria that come close are reported: those without the dash or one of
    /// the blanks, with nothing between the brackets, or with another mark there.
    ///
    /// ## Why
    ///
    /// To every reader it is text: it is not counted, not ticked, and not missed when it is not
    /// done.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// - [] PLAT-479 - Outbox table
    /// -[ ] PLAT-480 - Worker with leases
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// - [ ] PLAT-479 - Outbox table
    /// - [ ] PLAT-480 - Worker with leases
    /// ```
    ///
    /// ## Fix
    ///
    /// The dash and the blanks are put where they belong, and a tick (`✓`, `✅`) becomes `x`: safe. Any
    /// other mark becomes an open box: unsafe, because its meaning is lost, but nothing that may be open
    /// counts as done.
    "AS402", "task-syntax", Progress, Warning, check
}

/// Marks with which people tick, cross out or begin a task in other programs.
const MARKS: [&str; 14] = [
    "✓", "✔", "✔️", "✅", "☑", "*", "✗", "✘", "❌", "-", "~", "/", "+", "o",
];

/// How many of them can only mean that it is done.
const TICKS: usize = 5;

/// Something that was meant as a task.
struct Defect {
    message: &'static str,
    /// The part that is wrong.
    span: Span,
    /// The same up to the text, as it should be, and where it stands.
    task: (Span, String),
    safety: Safety,
    /// Whether it is an item of a list as it stands.
    is_item: bool,
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let body = &cx.document.body;
    for name in [NEXT_STEPS, EXECUTION_PROGRESS, ACCEPTANCE_CRITERIA] {
        if let Some((_, section)) = body.section(name) {
            look_into(cx, section.content, found);
        }
    }
}

fn look_into(cx: &Context<'_>, content: Span, found: &mut Findings<'_>) {
    let text = cx.document.text;
    let body = &cx.document.body;
    let mut at = content.start;
    while at < content.end {
        let line = Span::new(at, next_line(text, at).min(content.end));
        at = line.end.max(at + 1);
        let Some(defect) = defect(line, line.of(text)) else {
            continue;
        };
        let span = defect.span;
        if body.verbatim_at(span.start).is_none() {
            let line = cx.first_line(Span::new(span.start, line.end));
            let message = format!("`{}` is no task: {}", shown(line.of(text)), defect.message);
            found.report(
                span,
                message,
                "write `- [ ] text`, or `- [x] text` once done",
            );
            let mut headings = body.headings.iter();
            if !headings.any(|heading| heading.span.contains(span)) {
                found.fix(defect.safety, [task(text, defect)]);
            }
        }
    }
}

/// The splice that makes it one. What was the end of the item or paragraph above is part of it.
fn task(text: &str, defect: Defect) -> (Span, String) {
    let (span, task) = defect.task;
    let start = line_start(text, span.start);
    let above = Span::new(line_start(text, start.saturating_sub(1)), start).of(text);
    if defect.is_item || above.trim().is_empty() {
        return (span, task);
    }
    let end = start - (above.len() - above.trim_end().len());
    let kept = Span::new(end, span.start).of(text);
    (Span::new(end, span.end), format!("{kept}{task}"))
}

/// What keeps a line from being the task that it looks like.
fn defect(line: Span, words: &str) -> Option<Defect> {
    let unindented = words.trim_start_matches([' ', '\t']);
    let indent = words.len() - unindented.len();
    let bullet = unindented.strip_prefix(['-', '*', '+']).or_else(|| {
        let digits = unindented.trim_start_matches(|c: char| c.is_ascii_digit());
        let numbered = digits.len() < unindented.len();
        digits.strip_prefix(['.', ')']).filter(|_| numbered)
    });
    let after = bullet.unwrap_or(unindented);
    let boxed = after.trim_start_matches([' ', '\t']);
    let (inner, rest) = boxed.strip_prefix('[')?.split_once(']')?;
    let blank = rest.starts_with([' ', '\t']);
    let is_box = matches!(inner, " " | "x" | "X");
    // `[x](…)`, `[x][…]` and `[x]: …` are links.
    let is_link = rest.starts_with(['(', '[', ':']);
    if rest.trim().is_empty() || is_link {
        return None;
    }
    let parted = boxed.len() < after.len();
    let mark = inner.trim_matches([' ', '\t']);
    let ticked = matches!(mark, "x" | "X");
    let ticks = MARKS.get(..TICKS).unwrap_or_default();
    let (message, mark, safety) = match mark {
        // Further in, it can be the text of an item or code.
        _ if bullet.is_none() && !(is_box && blank && indent < 4) => return None,
        _ if bullet.is_none() => ("it has no dash before the box", inner, Safety::Safe),
        _ if is_box && blank && parted => return None,
        _ if is_box && blank => ("a blank is missing before the box", inner, Safety::Safe),
        _ if is_box => ("a blank is missing behind the box", inner, Safety::Safe),
        "" if blank => (
            "a box that is not ticked has one blank in it",
            " ",
            Safety::Safe,
        ),
        _ if blank && ticked => (
            "a box that is ticked has nothing but `x` in it",
            "x",
            Safety::Safe,
        ),
        tick if blank && ticks.contains(&tick) => (NO_MARK, "x", Safety::Safe),
        other if blank && MARKS.contains(&other) => (NO_MARK, " ", Safety::Unsafe),
        _ => return None,
    };
    let place = |from: &str| {
        let end = line.start + words.len();
        Span::new(end - from.len(), end - rest.len())
    };
    let (dash, from) = match bullet {
        None => ("- ", boxed),
        Some(_) if parted => ("", boxed),
        Some(after) => (" ", after),
    };
    let behind = if blank { "" } else { " " };
    Some(Defect {
        message,
        span: place(if parted || bullet.is_none() {
            boxed
        } else {
            unindented
        }),
        task: (place(from), format!("{dash}[{mark}]{behind}")),
        safety,
        is_item: bullet.is_some() && parted,
    })
}

const NO_MARK: &str = "a box holds a blank or an `x`";
