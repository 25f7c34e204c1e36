//! The waves of Execution Progress: `### Wave N: Name (ACTIVE | blocked by Wave M | DONE)`, each
//! with the items below it. Nothing but spans; a tool that ticks items finds its way by them.

use std::fmt;

use super::schema::EXECUTION_PROGRESS;
use super::{Document, Item, Span};

/// The state that a wave's heading names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaveState {
    /// Being worked on.
    Active,
    /// Waits for the wave of this number.
    Blocked(u32),
    /// Over.
    Done,
}

/// One wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wave {
    /// Index of its heading in [`super::Body::headings`].
    pub heading: usize,
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: Span,
    /// What stands in the parentheses, and where, without them; absent when nothing has been said.
    pub state: Option<(WaveState, Span)>,
    /// From the end of its heading to the next heading of level 3 or above.
    pub content: Span,
}

/// What is wrong with a heading that was meant to be a wave's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaveDefect {
    /// `Wave` is spelled differently, or marked up.
    Word,
    /// No number follows it, or more than a number.
    Number,
    /// No colon and blank follow the number.
    Colon,
    /// Nothing stands between the colon and the state.
    Name,
    /// What was meant as a state is none.
    State,
}

impl WaveState {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "ACTIVE" => Some(Self::Active),
            "DONE" => Some(Self::Done),
            _ => number(text.strip_prefix("blocked by Wave ")?).map(Self::Blocked),
        }
    }

    /// The state that words of another spelling most likely mean, without the number of a
    /// blocking wave.
    fn is_meant_by(text: &str) -> bool {
        let word = text
            .split(|c: char| !c.is_ascii_alphabetic())
            .find(|word| !word.is_empty());
        let words = [
            "active",
            "done",
            "blocked",
            "complete",
            "completed",
            "finished",
            "pending",
            "waiting",
            "todo",
            "wip",
        ];
        word.is_some_and(|word| words.iter().any(|known| known.eq_ignore_ascii_case(word)))
            || text.eq_ignore_ascii_case("in progress")
            || text.eq_ignore_ascii_case("in_progress")
            || text.eq_ignore_ascii_case("not started")
    }
}

impl fmt::Display for WaveState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Active => f.write_str("ACTIVE"),
            Self::Blocked(by) => write!(f, "blocked by Wave {by}"),
            Self::Done => f.write_str("DONE"),
        }
    }
}

impl Wave {
    /// The items that stand in this wave, nested ones included.
    pub fn items<'d>(&self, document: &'d Document<'_>) -> impl Iterator<Item = &'d Item> {
        // In the order of the headings, and an item without text has no place of its own.
        let items = &document.body.items;
        let first = items.partition_point(|item| item.heading < Some(self.heading));
        let end = self.content.end;
        let items = items.iter().skip(first);
        items.take_while(move |item| item.text.is_empty() || item.text.start < end)
    }

    /// How many of its checkboxes are ticked, and how many there are.
    pub fn boxes(&self, document: &Document<'_>) -> (usize, usize) {
        let boxes = self.items(document).filter_map(|item| item.checkbox);
        boxes.fold((0, 0), |(done, all), (_, ticked)| {
            (done + usize::from(ticked), all + 1)
        })
    }
}

impl Document<'_> {
    /// The number in the heading of a wave, which may be misspelled otherwise.
    pub fn wave_number(&self, heading: usize) -> Option<u32> {
        let title = &self.body.headings.get(heading)?.title;
        let rest = title
            .get(4..)?
            .trim_start_matches(|c: char| !c.is_ascii_digit());
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        number(rest.get(..digits)?)
    }

    /// The headings of level 3 in Execution Progress that are a wave's or were meant to be, each
    /// by its index in [`super::Body::headings`]. Other headings are not among them.
    pub fn waves(&self) -> impl Iterator<Item = (usize, Result<Wave, WaveDefect>)> {
        let body = &self.body;
        let section = body.section(EXECUTION_PROGRESS).map(|(_, section)| section);
        let first = section.map_or(usize::MAX, |section| section.heading.saturating_add(1));
        let end = section.map_or(0, |section| section.content.end);
        let within = body.headings.iter().enumerate().skip(first);
        within
            .take_while(move |(_, heading)| heading.span.end <= end)
            .filter(|(_, heading)| heading.level == 3)
            .filter_map(move |(index, heading)| {
                let after = body.headings.iter().skip(index + 1);
                let next = after.take_while(|next| next.span.start < end);
                let next = next.into_iter().find(|next| next.level <= 3);
                let content = Span::new(heading.span.end, next.map_or(end, |n| n.span.start));
                let wave = parse(self.text, heading.text_span, &heading.title)?;
                Some((
                    index,
                    wave.map(|wave| Wave {
                        heading: index,
                        content,
                        ..wave
                    }),
                ))
            })
    }
}

/// Reads the text of a heading; `None` if it has nothing to do with waves.
fn parse(text: &str, span: Span, title: &str) -> Option<Result<Wave, WaveDefect>> {
    let word = title.get(..4)?;
    let rest = title.get(4..)?;
    // `Wavelength`, `Waves`, and prose such as `Wave overview`.
    let follows = rest.chars().next().is_none_or(|c| !c.is_alphabetic());
    if !word.eq_ignore_ascii_case("wave") || !follows {
        return None;
    }
    let prose = |c: char| !c.is_ascii_digit() && !matches!(c, ':' | '(' | '[');
    if rest.chars().all(prose) {
        return None;
    }
    Some(read(text, span))
}

fn read(text: &str, span: Span) -> Result<Wave, WaveDefect> {
    let heading = span.of(text);
    let rest = heading.strip_prefix("Wave").ok_or(WaveDefect::Word)?;
    let rest = rest.strip_prefix(' ').ok_or(WaveDefect::Number)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = rest.split_at_checked(digits).unwrap_or_default();
    let number = number(digits).ok_or(WaveDefect::Number)?;
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '.') {
        return Err(WaveDefect::Number);
    }
    let rest = rest.strip_prefix(": ").ok_or_else(|| {
        if rest == ":" {
            WaveDefect::Name
        } else {
            WaveDefect::Colon
        }
    })?;
    let start = span.start + (heading.len() - rest.len());
    let (name, state) = name_and_state(rest)?;
    if name.trim().is_empty() {
        return Err(WaveDefect::Name);
    }
    let blank = name.len() - name.trim_start().len();
    let name = Span::new(start + blank, start + name.trim_end().len());
    let state = state.map(|(state, at, len)| (state, Span::new(start + at, start + at + len)));
    Ok(Wave {
        heading: 0,
        number,
        name,
        state,
        content: Span::at(span.end),
    })
}

/// Whether this is the text of a wave's heading.
pub fn is_wave(heading: &str) -> bool {
    read(heading, Span::new(0, heading.len())).is_ok()
}

/// The name, and the state with its place and length.
type Parts<'t> = (&'t str, Option<(WaveState, usize, usize)>);

fn name_and_state(rest: &str) -> Result<Parts<'_>, WaveDefect> {
    if let Some((name, state)) = rest
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once('('))
    {
        if let Some(known) = WaveState::parse(state) {
            let parted = name.is_empty() || name.ends_with(' ');
            let place = (known, name.len() + 1, state.len());
            return parted
                .then_some((name, Some(place)))
                .ok_or(WaveDefect::State);
        }
        if WaveState::is_meant_by(state) {
            return Err(WaveDefect::State);
        }
    }
    let bracketed = rest
        .strip_suffix(']')
        .and_then(|rest| rest.rsplit_once('['))
        .is_some_and(|(_, state)| WaveState::is_meant_by(state));
    let dashed = [" - ", " – ", " — "].iter().any(|dash| {
        rest.rsplit_once(dash)
            .is_some_and(|(_, state)| WaveState::parse(state).is_some())
    });
    if bracketed || dashed || WaveState::parse(rest).is_some() {
        return Err(WaveDefect::State);
    }
    Ok((rest, None))
}

fn number(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (u32, String, Option<WaveState>);

    fn read(title: &str) -> Option<Result<Read, WaveDefect>> {
        let wave = parse(title, Span::new(0, title.len()), title)?;
        Some(wave.map(|wave| {
            let state = wave.state.map(|(state, span)| {
                assert_eq!(WaveState::parse(span.of(title)), Some(state));
                state
            });
            (wave.number, wave.name.of(title).to_owned(), state)
        }))
    }

    #[test]
    fn a_heading_is_number_name_and_state() {
        for (title, name, state) in [
            ("Wave 1: A", "A", None),
            ("Wave 1: A (ACTIVE)", "A", Some(WaveState::Active)),
            ("Wave 1: A (v2) (DONE)", "A (v2)", Some(WaveState::Done)),
            ("Wave 1: A (v2)", "A (v2)", None),
            (
                "Wave 1: A (blocked by Wave 12)",
                "A",
                Some(WaveState::Blocked(12)),
            ),
        ] {
            assert_eq!(read(title), Some(Ok((1, name.into(), state))), "{title}");
        }
    }

    #[test]
    fn what_was_meant_as_a_wave_is_told_from_what_was_not() {
        use WaveDefect::{Colon, Name, Number, State, Word};
        for (title, defect) in [
            ("wave 1: A", Word),
            ("WAVE 1: A (DONE)", Word),
            ("Wave: A", Number),
            ("Wave1: A", Number),
            ("Wave 1a: A", Number),
            ("Wave 99999999999: A", Number),
            ("Wave 1", Colon),
            ("Wave 1 - A", Colon),
            ("Wave 1 (DONE)", Colon),
            ("Wave 1:A", Colon),
            ("Wave 1:", Name),
            ("Wave 1: (DONE)", Name),
            ("Wave 1: A (done)", State),
            ("Wave 1: A(DONE)", State),
            ("Wave 1: A (blocked by wave 1)", State),
            ("Wave 1: A (blocked)", State),
            ("Wave 1: A (DONE, 3 of 3)", State),
            ("Wave 1: A [DONE]", State),
            ("Wave 1: A - DONE", State),
        ] {
            assert_eq!(read(title), Some(Err(defect)), "{title}");
        }
        for title in [
            "Wavelength: 1",
            "Waves 1: A",
            "Wave overview",
            "A Wave 1",
            "",
        ] {
            assert_eq!(read(title), None, "{title}");
        }
    }
}
