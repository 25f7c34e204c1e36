use std::io::{self, Write};

use annotate_snippets::{Annotation, AnnotationKind, Level, Origin, Patch, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use super::mask::{masked, publishable};
use super::{one_line, sanitize};
use crate::document::{Positions, Span, Splice, line_start};
use crate::lint::{Report, Safety, Severity};

/// Of line numbers, and of the arrow before the path.
const LINE_NUMBER: Style = AnsiColor::BrightBlue.on_default().bold();

/// How much of a line is shown on either side of where a finding begins, in bytes.
const REACH: usize = 100;

/// Longest change that is shown, in bytes before and after it.
const CHANGE: usize = 2000;

/// The manner of compilers: the line in question, a caret under the defect, what to do, and the
/// change that does it. It is written with colours; give it a stream that removes them where they
/// are not wanted.
///
/// # Errors
///
/// When it cannot be written.
pub fn full(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let renderer = Renderer::styled().line_num(LINE_NUMBER);
    for file in &report.files {
        let masked = masked(file.source.text());
        let positions = Positions::new(&masked);
        let path = file.path.to_string_lossy();
        let path = one_line(&path);
        for finding in &file.findings {
            let level = match finding.severity {
                Severity::Error => Level::ERROR,
                Severity::Warning => Level::WARNING,
            };
            let title = level
                .primary_title(one_line(&finding.message))
                .id(format!("{} {}", finding.rule.name, finding.rule.code));
            let fix = finding.fix.as_ref();
            let help = finding.help.as_deref().map(|help| {
                let unsafely = fix.is_some_and(|fix| fix.safety == Safety::Unsafe);
                let mark = if unsafely { " (unsafe fix)" } else { "" };
                format!("{}{mark}", one_line(help))
            });
            let change = fix.and_then(publishable);
            let change = change.and_then(|splices| change_of(&masked, splices, &positions));
            let (help, change) = match (help, change) {
                (Some(help), Some(change)) => {
                    let group = Level::HELP.secondary_title(help).element(change);
                    (None, Some(group))
                }
                (help, _) => (help.map(|help| Level::HELP.message(help)), None),
            };
            if finding.span == Span::at(0) {
                let group = title.element(Origin::path(&*path)).elements(help);
                let groups: Vec<_> = [group].into_iter().chain(change).collect();
                writeln!(out, "{}\n", renderer.render(&groups))?;
                continue;
            }
            let (line, column) = positions.of(finding.span.start);
            let excerpt = excerpt(&masked, finding.span, &positions, line);
            let group = title.element(excerpt).elements(help);
            let groups: Vec<_> = [group].into_iter().chain(change).collect();
            let text = renderer.render(&groups);
            // The renderer would take the column from the line it is given, which may be cut.
            let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
            let indent = line.ilog10() as usize + 1;
            writeln!(
                out,
                "{title}\n{:indent$}{LINE_NUMBER}-->{LINE_NUMBER:#} {path}:{line}:{column}\n{rest}\n",
                ""
            )?;
        }
    }
    Ok(())
}

/// The line on which the span begins, cut to what fits a screen, with the part of the span that
/// is on it marked.
fn excerpt(
    text: &str,
    span: Span,
    positions: &Positions<'_>,
    line: usize,
) -> Snippet<'static, Annotation<'static>> {
    let start = positions.boundary(span.start);
    let whole = positions.line_around(start, REACH);
    let end = positions
        .boundary(span.end)
        .clamp(start, whole.end.max(start));
    // Replaced piece by piece: the marks are put down in the text that is shown.
    let mut shown = String::new();
    let cut = |at: usize| text.get(..at).is_some_and(|before| !before.ends_with('\n'));
    if whole.start > 0 && cut(whole.start) {
        shown.push('…');
    }
    shown.push_str(&one_line(
        &Span::new(whole.start, start).of(text).replace('\t', "    "),
    ));
    let from = shown.len();
    shown.push_str(&one_line(
        &Span::new(start, end).of(text).replace('\t', "    "),
    ));
    let to = shown.len();
    shown.push_str(&one_line(
        &Span::new(end, whole.end).of(text).replace('\t', "    "),
    ));
    let rest = text.get(whole.end..).unwrap_or("");
    if !rest.is_empty() && !rest.starts_with(['\n', '\r']) {
        shown.push('…');
    }
    Snippet::source(shown)
        .line_start(line)
        .annotation(AnnotationKind::Primary.span(from..to))
}

/// The lines that a fix changes and what becomes of them, unless that is more than a glance takes
/// in.
fn change_of(
    text: &str,
    splices: &[Splice],
    positions: &Positions<'_>,
) -> Option<Snippet<'static, Patch<'static>>> {
    let first = positions.boundary(splices.first()?.0.start);
    let last = positions.boundary(splices.last()?.0.end);
    let start = positions.line_around(first, REACH).start;
    let end = positions.line_around(last, REACH).end;
    let whole_lines = text.get(..start)?.is_empty() || text.get(..start)?.ends_with('\n');
    let rest = text.get(end..)?;
    let whole_lines = whole_lines && (rest.is_empty() || rest.starts_with(['\n', '\r']));
    let written: usize = splices.iter().map(|(_, text)| text.len()).sum();
    if !whole_lines || end < start || end - start + written > CHANGE {
        return None;
    }
    let safe = |text: &str| sanitize(text).replace('\t', "    ");
    let (mut shown, mut changes) = (String::new(), Vec::new());
    let mut rest = start;
    for (span, text_then) in splices {
        let from = positions.boundary(span.start).clamp(rest, end);
        let to = positions.boundary(span.end).clamp(from, end);
        shown.push_str(&safe(Span::new(rest, from).of(text)));
        let at = shown.len();
        shown.push_str(&safe(Span::new(from, to).of(text)));
        changes.push((Span::new(at, shown.len()), safe(text_then)));
        rest = to;
    }
    shown.push_str(&safe(Span::new(rest, end).of(text)));
    if takes_too_much(&shown, &changes) {
        changes = vec![joined(&shown, &changes)];
    }
    let line = positions.of(start).0;
    let patches = changes
        .into_iter()
        .map(|(span, then)| Patch::new(span.into(), then));
    Some(Snippet::source(shown).line_start(line).patches(patches))
}

/// Whether the renderer could break down: it counts by how many columns a change makes its line
/// shorter in the lines below it, too, and that may be more than come before a change there.
fn takes_too_much(text: &str, changes: &[Splice]) -> bool {
    let before = |at: usize| Span::new(line_start(text, at), at).of(text);
    // No more columns than the text takes; its bytes are no fewer.
    let columns = |text: &str| text.bytes().filter(u8::is_ascii).count();
    let mut taken = 0;
    changes.iter().any(|(span, then)| {
        let column = columns(before(span.start));
        let too_much = taken > column;
        taken += before(span.end)
            .len()
            .saturating_sub(column + columns(then));
        too_much
    })
}

/// One change that does what several do.
fn joined(text: &str, changes: &[Splice]) -> Splice {
    let start = changes.first().map_or(0, |(span, _)| span.start);
    let mut end = start;
    let mut then = String::new();
    for (span, new) in changes {
        then.push_str(Span::new(end, span.start).of(text));
        then.push_str(new);
        end = span.end;
    }
    (Span::new(start, end), then)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::Fix;
    use crate::render::tests::report_of;

    fn render(report: &Report) -> String {
        let mut out = Vec::new();
        full(report, &mut anstream::StripStream::new(&mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn with_fix(text: &str, safety: Safety, splices: &[(usize, usize, &str)]) -> String {
        let mut report = report_of(text, &[Span::new(splices[0].0, splices[0].1)]);
        let splices = splices
            .iter()
            .map(|(start, end, text)| (Span::new(*start, *end), (*text).to_owned()))
            .collect();
        report.files[0].findings[0].fix = Some(Fix { safety, splices });
        render(&report)
    }

    #[test]
    fn a_fix_is_shown_as_what_it_changes() {
        for (shown, change) in [
            (
                with_fix("a\n  status: busy\n", Safety::Unsafe, &[(12, 16, "paused")]),
                "help: h (unsafe fix)\n  |\n2 -   status: busy\n2 +   status: paused\n  |\n",
            ),
            (
                with_fix("a\nkey:v\nb\n", Safety::Safe, &[(6, 6, " ")]),
                "help: h\n  |\n2 | key: v\n  |     +\n",
            ),
            (
                with_fix("a\nb\n", Safety::Safe, &[(2, 2, "new\n")]),
                "help: h\n  |\n2 + new\n  |\n",
            ),
            (
                with_fix("a\nb\nc\n", Safety::Safe, &[(2, 4, "")]),
                "help: h\n  |\n2 - b\n  |\n",
            ),
            (
                with_fix("a\nbc\nd\ne\n", Safety::Safe, &[(2, 3, "x"), (7, 8, "y")]),
                "help: h\n  |\n2 ~ xc\n3 | d\n4 + y\n  |\n",
            ),
            (
                with_fix("a\r\n\tb\u{1b}\r\nc", Safety::Safe, &[(4, 5, "\tx")]),
                "help: h\n  |\n2 -     b␛\n2 +         x␛\n  |\n",
            ),
        ] {
            assert!(shown.contains(change), "{shown}");
        }
    }

    #[test]
    fn what_goes_from_many_places_is_shown() {
        let text = format!("a\n{0}\n{0}b\n", "\0".repeat(9));
        let removed: Vec<_> = text
            .match_indices('\0')
            .map(|(at, _)| (at, at + 1, ""))
            .collect();
        let shown = with_fix(&text, Safety::Unsafe, &removed);
        assert!(shown.contains("help: h (unsafe fix)\n"), "{shown}");
    }

    #[test]
    fn neither_a_secret_nor_a_screenful_is_shown_as_a_fix() {
        let secret = &format!("ghp_{}", "q7Zr2Lw9Xk4Vb8Nc1Mt6Yp3Hs5Jd0Fg7Rt2A");
        let long = "x\n".repeat(2000);
        for text in [secret, &long] {
            let shown = with_fix("a\nb\n", Safety::Safe, &[(2, 3, text)]);
            assert!(shown.contains("  = help: h\n"), "{shown}");
            assert!(!shown.contains("+ "), "{shown}");
        }
    }

    #[test]
    fn long_lines_are_cut_around_the_mark() {
        let text = format!("{}HERE{}\nnext", "ä".repeat(5000), "b".repeat(5000));
        let shown = render(&report_of(&text, &[Span::new(10_000, 10_004)]));
        assert!(shown.contains("--> a.md:1:5001"), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() < 220));
        let mark = shown
            .lines()
            .position(|line| line.contains("HERE"))
            .unwrap();
        let lines: Vec<_> = shown.lines().collect();
        let column = |line: &str, what| line.split(what).next().unwrap().chars().count();
        assert_eq!(column(lines[mark], "HERE"), column(lines[mark + 1], "^^^^"));
    }
}
