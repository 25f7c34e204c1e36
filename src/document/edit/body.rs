//! Splices in the Markdown.

use super::{EditError, Splice, log_heading, refused};
use crate::document::body::{Fill, Stamp};
use crate::document::schema::{self, SECTIONS, SESSION_LOG, same_name};
use crate::document::span::{Span, line_start, next_line};
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
        if heading.text_span.is_empty() {
            let mark = heading.span.of(self.text).find('#').unwrap_or(0);
            let at = heading.span.start + mark + 1;
            return Ok((Span::at(at), format!(" Session: {title}")));
        }
        Ok((heading.text_span, format!("Session: {title}")))
    }

    /// The splice that fills a section, replacing what it holds or adding to it; `None` if there is
    /// nothing to add.
    pub(super) fn fill(
        &self,
        name: &str,
        text: &str,
        append: bool,
    ) -> Result<Option<Splice>, EditError> {
        let own = [SESSION_LOG, schema::CURRENT_STATE, schema::NEXT_STEPS];
        let level = if own.iter().any(|own| same_name(own, name)) {
            3
        } else {
            2
        };
        self.fill_safe(name, &insert::block(text, level), append)
    }

    pub(super) fn fill_log(
        &self,
        at: Timestamp,
        agent: &str,
        action: &str,
        text: &str,
    ) -> Result<Option<Splice>, EditError> {
        let stamp = log_heading(at, agent, action);
        if Stamp::parse(&stamp).is_none() {
            return refused(
                format!("`{}` cannot head a log entry", insert::line(&stamp)),
                None,
                "name agent and action with letters, digits, `.`, `_` and `-`",
            );
        }
        let text = insert::block(text, 3);
        self.fill_safe(SESSION_LOG, &format!("### {stamp}\n\n{text}"), true)
    }

    fn fill_safe(&self, name: &str, text: &str, append: bool) -> Result<Option<Splice>, EditError> {
        let line_break = self.line_break();
        let text = text.trim_end().replace('\n', line_break);
        if append && text.is_empty() {
            return Ok(None);
        }
        let mut named = self.body.sections_named(name);
        let Some((index, section)) = named.next() else {
            return self.create_section(name, &text).map(Some);
        };
        if let Some((_, again)) = named.next() {
            return refused(
                format!("there are two sections `{name}`"),
                self.body.heading(again).map(|heading| heading.span.start),
                "merge them by hand",
            );
        }
        // What it swallows looks like the rest of the document to its author.
        if let Some(unclosed) = self.body.unclosed
            && section.content.contains(unclosed.span())
        {
            return Err(EditError::unclosed(unclosed));
        }
        let body = section.body;
        if body.is_empty() {
            if text.is_empty() {
                return Ok(None);
            }
            let at = body.start;
            let rest = Span::new(at, self.text.len()).of(self.text);
            let before = if Span::new(0, at).of(self.text).ends_with(['\n', '\r']) {
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
            return Ok(Some((Span::at(at), format!("{before}{text}{after}"))));
        }
        let after = self.gap_after(body.end);
        if !append || section.fill != Fill::Filled {
            return Ok(Some((body, format!("{text}{after}"))));
        }
        let in_list = self
            .body
            .items
            .iter()
            .rfind(|item| item.section == Some(index))
            .is_some_and(|item| item.text.end == body.end);
        let continues = in_list && ["- ", "* ", "+ "].iter().any(|dash| text.starts_with(dash));
        let gap = line_break.repeat(if continues { 1 } else { 2 });
        Ok(Some((Span::at(body.end), format!("{gap}{text}{after}"))))
    }

    /// The line break that has to follow text put in at `end`: a rule directly below a paragraph
    /// would make a heading of it, and a heading directly below an HTML block would be none.
    pub(super) fn gap_after(&self, end: usize) -> &'static str {
        let below = next_line(self.text, end);
        let line = Span::new(below, next_line(self.text, below)).of(self.text);
        if line.trim().is_empty() {
            ""
        } else {
            self.line_break()
        }
    }

    /// A new section behind the last of those that come before it in the format's order. The log
    /// is always the last and has a rule before it.
    fn create_section(&self, name: &str, text: &str) -> Result<Splice, EditError> {
        if name.trim().is_empty() {
            return refused("a section needs a name", None, "name it");
        }
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
        let section = section.trim_end();

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
            let after = self.gap_after(end);
            let section = format!("{line_break}{line_break}{section}{after}");
            return Ok((Span::at(end), section));
        }
        if let Some(first) = sections.first().and_then(|first| self.body.heading(first)) {
            let at = line_start(self.text, first.span.start);
            return Ok((Span::at(at), format!("{section}{line_break}{line_break}")));
        }
        let body = self.body.span.of(self.text);
        let end = self.body.span.start + body.trim_end().len();
        let gap = if body.trim().is_empty() { 1 } else { 2 };
        let last = if end == self.text.len() {
            line_break
        } else {
            ""
        };
        Ok((
            Span::at(end),
            format!("{}{section}{last}", line_break.repeat(gap)),
        ))
    }
}

/// A title as it can stand in a heading: on one line, with no run of `#` at its end that would be
/// taken for a closing sequence.
pub fn heading_text(title: &str) -> String {
    let title = insert::line(title);
    let words = title.trim_end_matches('#');
    if words.len() < title.len() && (words.is_empty() || words.ends_with(' ')) {
        let closing = "#".repeat(title.len() - words.len());
        return format!("{words}\\{closing}");
    }
    title
}
