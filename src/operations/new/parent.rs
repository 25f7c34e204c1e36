//! What a session takes over from the one it continues: open work, decisions and blockers, under
//! the sections they had. Not the log, and nothing that is done.

use crate::document::schema::{
    BLOCKERS, CONTEXT, CURRENT_STATE, DECISIONS, NEXT_STEPS, SESSION_LOG, same_name,
};
use crate::document::{
    Document, Fill, Item, Section, Source, Span, Wave, WaveState, insert, is_none, line_start,
    next_line,
};
use crate::error::{Error, Kind, Result};
use crate::operations::{Issue, restore, stem_of};
use crate::store::Store;

/// The session that a new one continues.
#[derive(Debug)]
pub(super) struct Parent {
    stem: String,
    source: Source,
    /// When it was closed, RFC 3339.
    closed: Option<String>,
}

impl Parent {
    /// Reads the session that `selector` means: an open one, or else a closed one from the trash.
    pub fn read(store: &Store, selector: &str) -> Result<Self> {
        let name = match store.select(selector, None) {
            Ok(name) => name,
            Err(error) => return Self::closed(store, selector, error),
        };
        Ok(Self {
            stem: stem_of(&name).to_owned(),
            source: store.read(&name)?,
            closed: None,
        })
    }

    /// `error` says why no open session is meant.
    fn closed(store: &Store, selector: &str, error: Error) -> Result<Self> {
        let choose = |mut error: Error| {
            let first = error.details.first();
            let first = first.and_then(|line| line.split_whitespace().next());
            error.hint = Some(match first {
                Some(stem) => format!("agentsess new --parent {stem}"),
                None => "agentsess list".to_owned(),
            });
            error
        };
        if error.kind != Kind::NotFound {
            return Err(choose(error));
        }
        // The original of an adopted file is no session that was closed.
        let mut trashed = store.trashed();
        trashed.retain(|trashed| trashed.entry.became.is_none());
        let found = restore::find_copy(store, &trashed, selector).map_err(choose)?;
        let found = found.ok_or(error)?;
        Ok(Self {
            stem: stem_of(&found.entry.name).to_owned(),
            source: Source::new(found.bytes().map_err(|error| store.relocate(error))?),
            closed: Some(found.entry.removed_at),
        })
    }

    /// What `session.parent` says. A closed session is none that a link could lead to.
    pub fn link(&self) -> Option<&str> {
        self.closed.is_none().then_some(self.stem.as_str())
    }

    /// What the Context says where no link can.
    pub fn provenance(&self) -> Option<String> {
        let day = self.closed.as_ref()?.get(..10)?;
        let stem = &self.stem;
        Some(format!("Continues `{stem}`, closed on {day}."))
    }

    /// Its title.
    pub fn title(&self) -> Option<String> {
        let document = Document::parse(&self.source);
        document.frontmatter.title().map(str::to_owned)
    }

    /// The keys that name its issue.
    pub fn issue(&self) -> Vec<(&'static str, String)> {
        let document = Document::parse(&self.source);
        let value = |[parent, key]: [&'static str; 2]| {
            let value = document.frontmatter.text(&[parent, key])?;
            Some((key, value.to_owned()))
        };
        Issue::KEYS.into_iter().filter_map(value).collect()
    }

    /// Its branch.
    pub fn branch(&self) -> Option<String> {
        let document = Document::parse(&self.source);
        let branch = document.frontmatter.text(&["session", "branch"]);
        branch.map(str::to_owned)
    }

    /// The first of its next steps that is open.
    pub fn next_step(&self) -> Option<String> {
        let document = Document::parse(&self.source);
        let (_, item) = document.open_items(NEXT_STEPS).next()?;
        Some(insert::line(item.text.of(document.text)))
    }

    /// What is carried over, by section.
    pub fn carried(&self) -> Vec<(String, String)> {
        let document = Document::parse(&self.source);
        let body = &document.body;
        let mut carried: Vec<(String, String)> = Vec::new();
        for (index, section) in body.sections.iter().enumerate() {
            let name = body.name(section);
            let is = |known: &str| same_name(known, name);
            let own = is(CONTEXT) || is(CURRENT_STATE) || is(SESSION_LOG);
            let text = if own || section.fill != Fill::Filled {
                None
            } else if is(DECISIONS) {
                Some(section.body.of(document.text).to_owned())
            } else {
                open_part(&document, index, section)
            };
            let text = text.filter(|text| !is_none(text));
            carried.extend(text.map(|text| (name.to_owned(), text)));
        }
        carried
    }
}

/// The text of a section without what is done in it; `None` where nothing in it is open.
fn open_part(document: &Document, index: usize, section: &Section) -> Option<String> {
    let (text, body) = (document.text, &document.body);
    let name = body.name(section);
    let items: Vec<_> = body
        .items
        .iter()
        .filter(|item| item.section == Some(index))
        .collect();
    let lists_work = [NEXT_STEPS, BLOCKERS]
        .iter()
        .any(|own| same_name(own, name));
    let is_open = |item: &&Item| match item.checkbox {
        Some((_, done)) => !done,
        None => lists_work && item.depth == 1 && !is_none(item.text.of(text)),
    };
    let is_prose = lists_work && items.is_empty();
    if !is_prose && !items.iter().any(is_open) {
        return None;
    }
    let mut changes = waves(document, section);
    let mut rest = items.as_slice();
    while let Some((item, after)) = rest.split_first() {
        rest = after;
        let Some((mark, true)) = item.checkbox else {
            continue;
        };
        let below = after.iter().take_while(|below| below.depth > item.depth);
        let (below, after) = after.split_at(below.count());
        let is_open = |below: &&Item| below.checkbox.is_some_and(|(_, done)| !done);
        if !below.iter().any(is_open) {
            let last = below.last().map_or(item.text.end, |last| last.text.end);
            let start = line_start(text, mark.start);
            let end = block_end(text, start, last.max(mark.end), section.body.end);
            changes.push((Span::new(start, end), String::new()));
            rest = after;
        }
    }
    changes.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
    let mut result = String::new();
    let mut done = section.body.start;
    for (span, new) in changes {
        if span.start >= done {
            result += Span::new(done, span.start).of(text);
            result += &new;
            done = span.end;
        }
    }
    result += Span::new(done, section.body.end).of(text);
    let result = result.trim_end().trim_start_matches(['\n', '\r']);
    (!result.trim().is_empty()).then(|| result.to_owned())
}

/// Where the item ends that starts with the line at `start` and of which the text up to `last` is
/// known: behind the lines that are indented deeper. Blank lines behind it go with it where there
/// is one before it as well.
fn block_end(text: &str, start: usize, last: usize, limit: usize) -> usize {
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let own = indent(Span::new(start, last).of(text));
    let mut end = next_line(text, last).min(limit);
    let mut next = end;
    while next < limit {
        let after = next_line(text, next).min(limit);
        let line = Span::new(next, after).of(text);
        if !line.trim().is_empty() {
            if indent(line) <= own {
                break;
            }
            end = after;
        }
        next = after;
    }
    let before = Span::new(0, start).of(text);
    let before = before.trim_end_matches([' ', '\t', '\r', '\n']);
    let gap = Span::new(before.len(), start).of(text);
    if gap.matches('\n').count() > 1 {
        next
    } else {
        end
    }
}

/// Waves with nothing left to do go. One that waited for such a wave waits no longer.
fn waves(document: &Document, section: &Section) -> Vec<(Span, String)> {
    let within = |wave: &Wave| section.content.contains(wave.content);
    let waves = document.waves().filter_map(|(_, wave)| wave.ok());
    let is_over = |wave: &Wave| {
        let (done, all) = wave.boxes(document);
        let said = matches!(wave.state, Some((WaveState::Done, _)));
        done == all && (all > 0 || said)
    };
    let (over, kept): (Vec<Wave>, Vec<Wave>) = waves.filter(within).partition(is_over);
    let heading = |wave: &Wave| document.body.headings.get(wave.heading);
    let mut changes: Vec<(Span, String)> = over
        .iter()
        .filter_map(|wave| Some(Span::new(heading(wave)?.span.start, wave.content.end)))
        .map(|span| (span, String::new()))
        .collect();
    let is_active = |wave: &&Wave| matches!(wave.state, Some((WaveState::Active, _)));
    let mut active = kept.iter().any(|wave| is_active(&wave));
    for wave in &kept {
        if let Some((WaveState::Blocked(by), state)) = wave.state
            && over.iter().any(|over| over.number == by)
        {
            let new = if active { "" } else { " (ACTIVE)" };
            active = true;
            changes.push((Span::new(wave.name.end, state.end + 1), new.to_owned()));
        }
    }
    changes
}
