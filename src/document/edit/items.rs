//! Splices of single items and of the waves they stand in, and the proofs of them.

use super::{EditError, Splice, refused};
use crate::document::body::Item;
use crate::document::schema::EXECUTION_PROGRESS;
use crate::document::span::{Span, line_start, next_line};
use crate::document::{Document, Wave, WaveState, insert};

impl Document<'_> {
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

    pub(super) fn add_item(&self, heading: usize, text: &str) -> Result<Splice, EditError> {
        let wave = self.wave_at(heading)?;
        let section = self.body.section(EXECUTION_PROGRESS);
        // A rule that only separates the section from the next one is not the wave's.
        let limit = section.map_or(wave.content.end, |(_, section)| section.body.end);
        let held = Span::new(wave.content.start, wave.content.end.min(limit));
        let end = held.start + held.of(self.text).trim_end().len();
        let last = wave.items(self).last();
        let in_list = last.is_some_and(|item| item.extent(self.text).end == end);
        let line_break = self.line_break();
        let gap = line_break.repeat(if in_list { 1 } else { 2 });
        let text = insert::line(text);
        let after = self.gap_after(end);
        Ok((Span::at(end), format!("{gap}- [ ] {text}{after}")))
    }

    pub(super) fn remove_item(&self, item: usize) -> Result<Splice, EditError> {
        let Some(item) = self.body.items.get(item) else {
            return refused("there is no such item", None, "name another one");
        };
        let Some(section) = item.section.and_then(|index| self.body.sections.get(index)) else {
            return refused(
                "this item is in no section",
                Some(item.span.start),
                "remove it by hand",
            );
        };
        let extent = item.extent(self.text);
        let start = line_start(self.text, extent.start);
        if !Span::new(start, item.span.start)
            .of(self.text)
            .trim()
            .is_empty()
        {
            return refused(
                "this item shares its line with another one",
                Some(item.span.start),
                "remove it by hand",
            );
        }
        if section.body == Span::new(start, extent.end) {
            return Ok((section.body, "None.".to_owned()));
        }
        let mut end = next_line(self.text, extent.end);
        let blank = |at: usize| {
            let line = Span::new(at, next_line(self.text, at));
            (!line.is_empty() && line.of(self.text).trim().is_empty()).then_some(line.end)
        };
        let before = line_start(self.text, start.saturating_sub(1));
        let mut gap = "";
        if start > 0 && blank(before).is_some() {
            // Of the blank lines around it one set is enough.
            while let Some(next) = blank(end) {
                end = next;
            }
        } else if blank(end).is_none() && !self.is_item_at(end) {
            // What follows would become a part of the item before.
            gap = self.line_break();
        }
        // The last one leaves the blank lines that part its section from the next.
        if end > section.body.end {
            let kept = Span::new(section.body.start, start).of(self.text);
            let start = section.body.start + kept.trim_end().len();
            return Ok((Span::new(start, section.body.end), String::new()));
        }
        Ok((Span::new(start, end), gap.to_owned()))
    }

    /// Whether an item begins on the line that begins at `at`.
    fn is_item_at(&self, at: usize) -> bool {
        let mut items = self.body.items.iter();
        items.any(|item| line_start(self.text, item.span.start) == at)
    }

    pub(super) fn set_wave(
        &self,
        heading: usize,
        state: WaveState,
    ) -> Result<Option<Splice>, EditError> {
        let wave = self.wave_at(heading)?;
        Ok(match wave.state {
            Some((old, _)) if old == state => None,
            Some((_, span)) => Some((span, state.to_string())),
            None => Some((Span::at(wave.name.end), format!(" ({state})"))),
        })
    }

    fn wave_at(&self, heading: usize) -> Result<Wave, EditError> {
        let found = self.waves().find(|(index, _)| *index == heading);
        match found {
            Some((_, Ok(wave))) => Ok(wave),
            _ => refused(
                "this heading is no wave's",
                self.body.headings.get(heading).map(|h| h.span.start),
                "write it as `### Wave N: Name`",
            ),
        }
    }

    /// Whether `after` differs by one open item below a heading.
    pub(super) fn only_added(&self, after: &Document, heading: usize, text: &str) -> bool {
        let text = insert::line(text);
        let items = after.body.items.iter().enumerate();
        let fits = |item: &Item| {
            item.heading == Some(heading)
                && item.depth == 1
                && item.checkbox.is_some_and(|(_, ticked)| !ticked)
                && item.text.of(after.text) == text
        };
        let mut fitting = items.filter(|(_, item)| fits(item));
        // Of several that say the same, the new one is the last.
        let added = fitting.next_back().map(|(index, _)| index);
        added.is_some()
            && self.readings_without(&|_, _| false)
                == after.readings_without(&|index, _| Some(index) == added)
            && self.titles_without(None) == after.titles_without(None)
            && self.same_sections(after, Some(EXECUTION_PROGRESS))
    }

    /// Whether `after` differs by an item, and those nested in it, that are gone.
    pub(super) fn only_removed(&self, after: &Document, item: usize) -> bool {
        let gone = self.body.items.get(item);
        let section = gone.and_then(|item| self.body.sections.get(item.section?));
        let within = |item: &Item| gone.is_some_and(|gone| gone.span.contains(item.span));
        self.readings_without(&|_, item| within(item)) == after.readings_without(&|_, _| false)
            && self.titles_without(None) == after.titles_without(None)
            && section
                .is_some_and(|section| self.same_sections(after, Some(self.body.name(section))))
    }

    /// Whether `after` differs by the state of a wave.
    pub(super) fn only_moved(&self, after: &Document, heading: usize, state: WaveState) -> bool {
        let wave = |document: &Document| {
            let wave = document.wave_at(heading).ok()?;
            let name = wave.name.of(document.text).to_owned();
            Some((wave.number, name, wave.state.map(|(state, _)| state)))
        };
        let expected = wave(self).map(|(number, name, _)| (number, name, Some(state)));
        expected.is_some()
            && wave(after) == expected
            && self.readings_without(&|_, _| false) == after.readings_without(&|_, _| false)
            && self.titles_without(Some(heading)) == after.titles_without(Some(heading))
            && self.same_sections(after, Some(EXECUTION_PROGRESS))
    }

    /// How the items are read, but those that are `skipped`.
    fn readings_without(&self, skipped: &dyn Fn(usize, &Item) -> bool) -> Vec<Reading> {
        let items = self.body.items.iter().enumerate();
        let others = items.filter(|(index, item)| !skipped(*index, item));
        others
            .map(|(_, item)| Reading {
                heading: item.heading,
                depth: item.depth,
                ticked: item.checkbox.map(|(_, ticked)| ticked),
                text: item.text.of(self.text).to_owned(),
            })
            .collect()
    }

    /// The titles of all headings but one.
    fn titles_without(&self, skipped: Option<usize>) -> Vec<(u8, String)> {
        let headings = self.body.headings.iter().enumerate();
        let others = headings.filter(|(index, _)| Some(*index) != skipped);
        others
            .map(|(_, heading)| (heading.level, heading.title.to_string()))
            .collect()
    }
}

/// An item as it is read.
#[derive(Debug, PartialEq, Eq)]
struct Reading {
    heading: Option<usize>,
    depth: usize,
    ticked: Option<bool>,
    text: String,
}
