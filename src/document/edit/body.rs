//! Splices in the Markdown.

use super::{EditError, Splice, log_heading, refused};
use crate::document::body::Fill;
use crate::document::schema::{self, SECTIONS, SESSION_LOG, same_name};
use crate::document::span::{Span, line_start};
use crate::document::time::Timestamp;
use crate::document::{Document, insert};

impl Document<'_> {
    pub(super) fn retitle(&self, title: &str) -> Result<Splice, EditError> {
        let Some(heading) = self.body.title() else {
            return refused(
                "there is no heading to change",
                None,
                "add `# Session: <title>` above the first section",
            );
        };
        let title = heading_text(title);
        Ok((heading.text_span, format!("Session: {title}")))
    }

    /// The splice that fills a section, replacing what it holds or adding to it.
    pub(super) fn fill(&self, name: &str, text: &str, append: bool) -> Result<Splice, EditError> {
        let level = match name {
            SESSION_LOG | schema::CURRENT_STATE | schema::NEXT_STEPS => 3,
            _ => 2,
        };
        self.fill_safe(name, &insert::block(text, level), append)
    }

    pub(super) fn fill_log(
        &self,
        at: Timestamp,
        agent: &str,
        action: &str,
        text: &str,
    ) -> Result<Splice, EditError> {
        let stamp = log_heading(at, agent, action);
        let text = insert::block(text, 3);
        self.fill_safe(SESSION_LOG, &format!("### {stamp}\n\n{text}"), true)
    }

    fn fill_safe(&self, name: &str, text: &str, append: bool) -> Result<Splice, EditError> {
        let line_break = self.line_break();
        let text = text.trim_end().replace('\n', line_break);
        let mut named = self.body.sections_named(name);
        let Some((index, section)) = named.next() else {
            return Ok(self.create_section(name, &text));
        };
        if let Some((_, again)) = named.next() {
            return refused(
                format!("there are two sections `{name}`"),
                self.body.heading(again).map(|heading| heading.span.start),
                "merge them by hand",
            );
        }
        let body = section.body;
        if body.is_empty() {
            let at = body.start;
            let rest = Span::new(at, self.text.len()).of(self.text);
            let before = if Span::new(0, at).of(self.text).ends_with('\n') {
                line_break.to_owned()
            } else {
                line_break.repeat(2)
            };
            let after = if rest.is_empty() && before.len() > line_break.len() {
                String::new()
            } else if rest.is_empty() || rest.starts_with(['\n', '\r']) {
                line_break.to_owned()
            } else {
                line_break.repeat(2)
            };
            return Ok((Span::at(at), format!("{before}{text}{after}")));
        }
        if !append || section.fill != Fill::Filled {
            return Ok((body, text));
        }
        let in_list = self
            .body
            .items
            .iter()
            .rfind(|item| item.section == Some(index))
            .is_some_and(|item| item.text.end == body.end);
        let continues = in_list && text.starts_with(['-', '*', '+']);
        let gap = line_break.repeat(if continues { 1 } else { 2 });
        Ok((Span::at(body.end), format!("{gap}{text}")))
    }

    /// A new section behind the last of those that come before it in the format's order. The log
    /// is always the last and has a rule before it.
    fn create_section(&self, name: &str, text: &str) -> Splice {
        let line_break = self.line_break();
        let rank = |name: &str| SECTIONS.iter().position(|known| same_name(known, name));
        let own = rank(name);
        let name = own.and_then(|own| SECTIONS.get(own)).unwrap_or(&name);
        let is_log = same_name(name, SESSION_LOG);
        let rule = if is_log {
            format!("---{line_break}{line_break}")
        } else {
            String::new()
        };
        let section = format!("{rule}## {name}{line_break}{line_break}{text}");

        let sections = &self.body.sections;
        let before = if is_log {
            sections.last()
        } else {
            // A section of the project's own goes before the log.
            let own = own.unwrap_or(SECTIONS.len() - 1);
            sections.iter().rfind(|section| {
                let other = rank(self.body.name(section)).unwrap_or(SECTIONS.len() - 2);
                other < own
            })
        };
        let end = match before {
            Some(section) if section.body.is_empty() => {
                self.body.heading(section).map(|heading| heading.span.end)
            }
            Some(section) => Some(section.body.end),
            None => None,
        };
        if let Some(end) = end {
            return (Span::at(end), format!("{line_break}{line_break}{section}"));
        }
        if let Some(first) = sections.first().and_then(|first| self.body.heading(first)) {
            let at = line_start(self.text, first.span.start);
            return (Span::at(at), format!("{section}{line_break}{line_break}"));
        }
        let body = self.body.span.of(self.text);
        let end = self.body.span.start + body.trim_end().len();
        let gap = if body.trim().is_empty() { 1 } else { 2 };
        let last = if end == self.text.len() {
            line_break
        } else {
            ""
        };
        (
            Span::at(end),
            format!("{}{section}{last}", line_break.repeat(gap)),
        )
    }

    pub(super) fn check(&self, item: usize, done: bool) -> Result<Option<Splice>, EditError> {
        let found = self.body.items.get(item);
        let Some((span, ticked)) = found.and_then(|item| item.checkbox) else {
            return refused(
                "this item has no checkbox",
                found.map(|item| item.text.start),
                "write it as `- [ ] …`",
            );
        };
        let mark = if done { "x" } else { " " };
        let inside = Span::new(span.start + 1, span.end - 1);
        Ok((ticked != done).then(|| (inside, mark.to_owned())))
    }
}

/// A title as it can stand in a heading: on one line, with no run of `#` at its end that would be
/// taken for a closing sequence.
pub fn heading_text(title: &str) -> String {
    let title = insert::line(title);
    match title.rsplit_once(' ') {
        Some((words, last)) if last.bytes().all(|byte| byte == b'#') => {
            format!("{words} \\{last}")
        }
        _ => title,
    }
}
