use super::context::{Context, Findings, shown};
use super::rule::declare;
use crate::document::schema::EXECUTION_PROGRESS;
use crate::document::{Span, next_line};

declare! {
    /// A line of Execution Progress looks like a task and is none.
    ///
    /// ## What it checks
    ///
    /// A task is a dash, a blank, `[ ]` or `[x]`, a blank, and text. Lines of Execution Progress
    /// that come close are reported: those without the dash or one of the blanks, with nothing
    /// between the brackets, or with another mark there.
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
    "AS402", "task-syntax", Progress, Warning, check
}

/// Marks with which people tick, cross out or begin a task in other programs.
const MARKS: [&str; 14] = [
    "*", "✓", "✔", "✔️", "✅", "☑", "✗", "✘", "❌", "-", "~", "/", "+", "o",
];

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let text = cx.document.text;
    let body = &cx.document.body;
    let Some((_, section)) = body.section(EXECUTION_PROGRESS) else {
        return;
    };
    let mut at = section.content.start;
    while at < section.content.end {
        let line = Span::new(at, next_line(text, at).min(section.content.end));
        at = line.end.max(at + 1);
        let Some((span, message)) = defect(line, line.of(text)) else {
            continue;
        };
        if body.verbatim_at(span.start).is_none() {
            let line = cx.first_line(Span::new(span.start, line.end));
            let message = format!("`{}` is no task: {message}", shown(line.of(text)));
            found.report(
                span,
                message,
                "write `- [ ] text`, or `- [x] text` once done",
            );
        }
    }
}

/// What keeps a line from being the task that it looks like, and the part of it that does.
fn defect(line: Span, words: &str) -> Option<(Span, &'static str)> {
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
    let span = |from: usize| {
        let from = line.start + words.len() - from;
        Span::new(from, line.start + words.len() - rest.len())
    };
    let blank = rest.starts_with([' ', '\t']);
    let is_box = matches!(inner, " " | "x" | "X");
    // `[x](…)`, `[x][…]` and `[x]: …` are links.
    let is_link = rest.starts_with(['(', '[', ':']);
    if rest.trim().is_empty() || is_link {
        return None;
    }
    if bullet.is_none() {
        // Further in, it can be the text of an item or code.
        return (is_box && blank && indent < 4)
            .then(|| (span(boxed.len()), "it has no dash before the box"));
    }
    let parted = boxed.len() < after.len();
    let inner = inner.trim_matches([' ', '\t']);
    let message = match inner {
        _ if is_box && blank && parted => return None,
        _ if is_box && blank => "a blank is missing before the box",
        _ if is_box => "a blank is missing behind the box",
        "" if blank => "a box that is not ticked has one blank in it",
        "x" | "X" if blank => "a box that is ticked has nothing but `x` in it",
        _ if blank && MARKS.contains(&inner) => "a box holds a blank or an `x`",
        _ => return None,
    };
    let from = if parted { boxed } else { unindented };
    Some((span(from.len()), message))
}
