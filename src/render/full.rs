use std::borrow::Cow;
use std::io::{self, Write};

use annotate_snippets::{Annotation, AnnotationKind, Level, Origin, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use super::{Positions, one_line, summary};
use crate::document::{Span, secrets};
use crate::lint::{Report, Severity};

/// Of line numbers, and of the arrow before the path.
const LINE_NUMBER: Style = AnsiColor::BrightBlue.on_default().bold();

/// How much of a line is shown on either side of where a finding begins, in bytes.
const REACH: usize = 100;

/// The manner of compilers: the line in question, a caret under the defect, what to do. It is
/// written with colours; give it a stream that removes them where they are not wanted.
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
            let help = finding.help.as_deref();
            let help = help.map(|help| Level::HELP.message(one_line(help)));
            if finding.span == Span::at(0) {
                let group = title.element(Origin::path(&*path)).elements(help);
                writeln!(out, "{}\n", renderer.render(&[group]))?;
                continue;
            }
            let (line, column) = positions.of(finding.span.start);
            let excerpt = excerpt(&masked, finding.span, &positions, line);
            let text = renderer.render(&[title.element(excerpt).elements(help)]);
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
    writeln!(out, "{}", summary(report))
}

/// The text with an asterisk for every byte of a secret, so that every offset stays what it is.
/// All of it is masked before any is cut out: half a secret would not be recognised.
fn masked(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut rest = 0;
    for secret in secrets::find(text) {
        masked.push_str(Span::new(rest, secret.span.start).of(text));
        for byte in secret.span.of(text).bytes() {
            masked.push(match byte {
                b'\n' | b'\r' => char::from(byte),
                _ => '*',
            });
        }
        rest = secret.span.end;
    }
    if rest == 0 {
        return text.into();
    }
    masked.push_str(text.get(rest..).unwrap_or(""));
    masked.into()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Source;
    use crate::lint::{FileReport, Finding};
    use crate::rules::RULES;
    use proptest::prelude::*;

    fn render(text: &str, span: Span) -> String {
        let finding = Finding {
            rule: RULES[0],
            severity: Severity::Error,
            message: "m".into(),
            span,
            help: Some("h".into()),
            fix: None,
        };
        let report = Report {
            files: vec![FileReport {
                path: "a.md".into(),
                source: Source::new(text.into()),
                findings: vec![finding],
                fixed: Vec::new(),
            }],
            checked: 1,
            unreadable: Vec::new(),
        };
        let mut out = Vec::new();
        full(&report, &mut anstream::StripStream::new(&mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn long_lines_are_cut_around_the_mark() {
        let text = format!("{}HERE{}\nnext", "ä".repeat(5000), "b".repeat(5000));
        let shown = render(&text, Span::new(10_000, 10_004));
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

    proptest! {
        #[test]
        fn no_span_and_no_text_is_too_strange(
            text in "[a\u{1b}\u{202e}日\u{200d}\t\r\n👩e\u{301}]{0,40}",
            start in 0_usize..60,
            end in 0_usize..60,
        ) {
            let shown = render(&text, Span::new(start, end));
            prop_assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r']), "{shown:?}");
        }
    }
}
