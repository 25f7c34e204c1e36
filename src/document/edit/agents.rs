//! Splices in an agent that is listed, and the proof of them.

use super::frontmatter::render;
use super::proof::differs_only_at;
use super::{AGENTS, EditError, Scalar, Splice, refused};
use crate::document::Document;
use crate::document::span::{Span, line_start, next_line};
use crate::document::yaml::{Kind, Node};

impl Document<'_> {
    pub(super) fn set_agent(
        &self,
        at: usize,
        key: &str,
        value: Scalar,
    ) -> Result<Splice, EditError> {
        let what = format!("`{}.{key}`", AGENTS.join("."));
        let broken = || self.broken(&what);
        let place = self.locate(AGENTS)?;
        let agents = place
            .map
            .filter(|agents| place.missing.is_empty() && agents.complete);
        let items = agents.and_then(Node::items);
        let Some(agent) = items.and_then(|items| items.get(at)) else {
            return refused(
                format!("{what}: there is no such agent"),
                None,
                "agentsess lint",
            );
        };
        if !agent.complete || agent.decorated {
            return Err(broken());
        }
        if let Some(entry) = agent.entry(key) {
            return self.set_value(entry, value, &[key]);
        }
        let Kind::Map { entries, flow } = &agent.kind else {
            return Err(broken());
        };
        let (first, last) = entries.first().zip(entries.last()).ok_or_else(broken)?;
        let line = format!("{key}: {}", render(value, None));
        let end = self.end_of(&last.value).max(last.key.span.end);
        if *flow {
            return Ok((Span::at(end), format!(", {line}")));
        }
        // The first key may stand behind the dash.
        let start = line_start(self.text, first.key.span.start);
        let before = Span::new(start, first.key.span.start).of(self.text);
        if !before.bytes().all(|byte| matches!(byte, b' ' | b'-')) {
            return Err(broken());
        }
        let indent = before.len();
        let line = format!("{:indent$}{line}{}", "", self.line_break());
        Ok((Span::at(next_line(self.text, end)), line))
    }

    /// Whether nothing but this key of this agent differs, and says what it is to say.
    pub(super) fn only_agent(&self, after: &Document, at: usize, key: &str, value: Scalar) -> bool {
        let (Scalar::Text(text) | Scalar::Word(text)) = value;
        let leaf =
            |_: Option<&Node>, after: Option<&Node>| after.and_then(Node::text) == Some(text);
        self.only_at(after, AGENTS, &|before, after| {
            let lists = before
                .and_then(Node::items)
                .zip(after.and_then(Node::items));
            lists.is_some_and(|(before, after)| {
                let pairs = || before.iter().zip(after).enumerate();
                before.len() == after.len()
                    && pairs().all(|(index, (before, after))| {
                        if index == at {
                            differs_only_at(Some(before), Some(after), &[key], &leaf)
                        } else {
                            before.same(after)
                        }
                    })
            })
        })
    }
}
