use super::context::{Context, Findings, Phase, shown};
use super::rule::{Severity, declare};
use crate::document::schema::SESSION_LOG;
use crate::document::{Span, Verbatim, is_placeholder, next_line};

declare! {
    /// Text that a template left to be replaced still stands.
    ///
    /// ## What it checks
    ///
    /// Once the session is paused or completed, no line of a section consists of nothing but a
    /// placeholder: `TODO`, `TBD`, `...`, `[what was done]`, `<the next step>` or `{{ title }}`,
    /// with or without a dash before it. The Session Log, code and quotes are passed over. In a
    /// required section it is an error, because nobody can go on from it.
    ///
    /// ## Why
    ///
    /// It looks as if something had been written down there.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ## Blockers
    ///
    /// - [List anything that stands in the way]
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ## Blockers
    ///
    /// None.
    /// ```
    "AS209", "placeholder-text", Sections, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    if cx.phase == Phase::Draft {
        return;
    }
    let text = cx.document.text;
    let body = &cx.document.body;
    let log = body.section(SESSION_LOG).map(|(index, _)| index);
    for (index, section) in body.sections.iter().enumerate() {
        let mut at = section.body.start;
        while at < section.body.end && Some(index) != log {
            let line = Span::new(at, next_line(text, at).min(section.body.end));
            at = line.end.max(at + 1);
            let Some(words) = is_placeholder(line.of(text)) else {
                continue;
            };
            let start = line.start + line.of(text).find(words).unwrap_or(0);
            let quoted = matches!(
                body.verbatim_at(start),
                Some(Verbatim::Code | Verbatim::Quote)
            );
            let name = body.name(section);
            let severity = if cx.config.is_required(name) {
                Severity::Error
            } else {
                Severity::Warning
            };
            if !quoted {
                found.report_as(
                    severity,
                    Span::new(start, start + words.len()),
                    format!("`{}` is a placeholder", shown(words)),
                    "write what it stands for, or remove it; `None.` if there is nothing to say",
                );
            }
        }
    }
}
