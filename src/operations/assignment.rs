//! The open items of Execution Progress as work for agents: which there are, who is to do each, and
//! what that agent needs to know.

use std::collections::BTreeMap;

use super::Guard;
use super::done::find;
use super::write::Revision;
use crate::document::schema::{CONTEXT, CURRENT_STATE, EXECUTION_PROGRESS};
use crate::document::time::Timestamp;
use crate::document::{
    Document, Item, Wave, WaveState, insert, is_placeholder, is_token, issue_id, line_column,
};
use crate::error::{Error, Kind, Result};
use crate::shell;
use crate::store::Store;

/// Which items are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those of the wave of this number.
    Wave(u32),
    /// All of Execution Progress, to be started wave after wave.
    Waves,
    /// All of Execution Progress, whatever its headings say.
    All,
}

/// An open item that an agent can be started on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its text, on one line: what it is known by.
    pub item: String,
    /// Its issue id.
    pub id: Option<String>,
    /// The agent that it mentions as `@NAME`.
    pub agent: Option<String>,
    /// The number of its wave.
    pub wave: Option<u32>,
    /// The wave that has to be over before it can be started on.
    pub after: Option<u32>,
    /// The open items that are nested in it, which are done when it is.
    pub nested: Vec<String>,
    /// It with all that is nested in it, in Markdown.
    pub markdown: String,
}

/// What agents need to know of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Background {
    /// The shortest name of the session.
    pub slug: String,
    /// Its title.
    pub title: Option<String>,
    /// Why the work exists, in Markdown.
    pub context: Option<String>,
    /// Where it stands, in Markdown.
    pub current_state: Option<String>,
}

/// The open items of a session, and what agents need to know of it. An item in another open item is
/// a part of that.
///
/// # Errors
///
/// When the session cannot be read, there is no such wave, it waits for another one, or an item
/// cannot be told from another one.
pub fn open(store: &Store, name: &str, scope: Scope) -> Result<(Vec<Assignment>, Background)> {
    let source = store.read(name)?;
    let document = Document::parse(&source);
    let waves: Vec<_> = document.waves().filter_map(|(_, wave)| wave.ok()).collect();
    let error = |message: String| Error::usage(message).at(&store.shown(&store.path(name)), None);
    let selector = store.selector(name);
    refuse_misspelled(store, name, &document, &waves, scope)?;
    if let Scope::Wave(number) = scope {
        let named = waves.iter().filter(|wave| wave.number == number).count();
        if named != 1 {
            let message = match named {
                0 => format!("there is no Wave {number}"),
                _ => format!("{named} waves have the number {number}"),
            };
            return Err(error(message).hint(format!("agentsess show {selector} --full")));
        }
    }
    let mut all = Vec::new();
    let mut end = 0;
    for (_, item) in document.body.items_in(EXECUTION_PROGRESS) {
        let is_open = item.checkbox.is_some_and(|(_, ticked)| !ticked);
        let said = item.text.of(document.text);
        if !is_open || item.span.start < end || is_placeholder(said).is_some() {
            continue;
        }
        end = item.span.end;
        let wave = waves.iter().find(|wave| {
            wave.content.start <= item.span.start && item.span.start < wave.content.end
        });
        all.push(assignment(store, &document, item, wave));
    }
    // A wave that is over holds nobody up, whatever its state says, and one that is not may be
    // marked as any.
    let is_open = |number: u32| all.iter().any(|it: &Assignment| it.wave == Some(number));
    let waits: Vec<_> = all
        .iter()
        .map(|it| it.after.filter(|it| is_open(*it)))
        .collect();
    for (assignment, after) in all.iter_mut().zip(waits) {
        assignment.after = after;
    }
    if let Scope::Wave(number) = scope {
        all.retain(|assignment| assignment.wave == Some(number));
        if let Some(after) = all.iter().find_map(|assignment| assignment.after) {
            let message = format!("Wave {number} is blocked by Wave {after}, which has open items");
            let hint = format!("agentsess run --wave {after} -s {selector}");
            let blocked = error(message).hint(hint);
            return Err(Error {
                kind: Kind::Unmet,
                ..blocked
            });
        }
    }
    let mut times = BTreeMap::new();
    for item in all
        .iter()
        .flat_map(|it| std::iter::once(&it.item).chain(&it.nested))
    {
        *times.entry(item).or_insert(0) += 1;
    }
    if let Some((item, _)) = times.into_iter().find(|(_, times)| *times > 1) {
        let message = format!("two open items say `{item}`, so that neither can be ticked alone");
        return Err(error(message).hint(format!("agentsess edit {selector}")));
    }
    Ok((all, background(store, name, &document)))
}

/// Fails if a heading that is not spelled as a wave's hides what is to be started, or what that
/// waits for.
fn refuse_misspelled(
    store: &Store,
    name: &str,
    document: &Document,
    waves: &[Wave],
    scope: Scope,
) -> Result<()> {
    let named = |number: u32| waves.iter().filter(move |wave| wave.number == number);
    let is_open = |at: usize| {
        let mut items = document.body.items_in(EXECUTION_PROGRESS);
        items.any(|(_, item)| {
            let own = item.heading.and_then(|own| {
                let above = document.body.headings.get(..=own)?;
                above.iter().rposition(|heading| heading.level <= 3)
            });
            own == Some(at) && item.checkbox.is_some_and(|(_, ticked)| !ticked)
        })
    };
    let matters = |at: usize| match (scope, document.wave_number(at)) {
        (Scope::All, _) | (Scope::Wave(_), None) => false,
        (Scope::Waves, _) => is_open(at),
        (Scope::Wave(number), Some(of)) if of == number => named(number).next().is_none(),
        (Scope::Wave(number), Some(of)) => {
            let blocks = |wave: &Wave| wave.state.is_some_and(|it| it.0 == WaveState::Blocked(of));
            named(number).any(blocks) && is_open(at)
        }
    };
    let mut headings = document.waves().filter(|(_, wave)| wave.is_err());
    let Some((at, _)) = headings.find(|(at, _)| matters(*at)) else {
        return Ok(());
    };
    let heading = document.body.headings.get(at);
    let start = heading.map_or(0, |heading| heading.text_span.start);
    let number = document.wave_number(at);
    let which = number.map_or("a wave".to_owned(), |number| format!("Wave {number}"));
    let number = number.map_or("N".to_owned(), |number| number.to_string());
    let message = format!(
        "the heading of {which} is not spelled `### Wave {number}: Name`, with \
         `(ACTIVE)`, `(blocked by Wave M)`, `(DONE)` or nothing behind it"
    );
    let path = store.shown(&store.path(name));
    let hint = format!(
        "agentsess lint {}",
        shell::word(&path.display().to_string())
    );
    let place = line_column(document.text, start);
    Err(Error::usage(message).at(&path, Some(place)).hint(hint))
}

/// The item that `wanted` names, by its id or text, or the current task; what agents need to know;
/// and whether it is an item.
///
/// # Errors
///
/// When the session cannot be read or is completed, or the item is not found.
pub fn named(
    store: &Store,
    name: &str,
    wanted: Option<&str>,
    now: Timestamp,
) -> Result<(Assignment, Background, bool)> {
    let source = store.read(name)?;
    let document = Document::parse(&source);
    let guard = Guard::new(false);
    let revision = Revision::to_read(store, name, &document, &guard, now);
    revision.refuse_completed("runs")?;
    let item = wanted.map(|wanted| find(&revision, wanted)).transpose()?;
    let item = item.and_then(|(index, _)| document.body.items.get(index));
    let task = document.frontmatter.current_task();
    let assignment = match item {
        Some(item) => assignment(store, &document, item, None),
        None => Assignment::task(&insert::line(task.unwrap_or("the next step"))),
    };
    let background = background(store, name, &document);
    Ok((assignment, background, item.is_some()))
}

fn background(store: &Store, name: &str, document: &Document) -> Background {
    let section = |section| document.section_text(section).map(str::to_owned);
    Background {
        slug: store.short_name(name).to_owned(),
        title: document.frontmatter.title().map(str::to_owned),
        context: section(CONTEXT),
        current_state: section(CURRENT_STATE),
    }
}

/// Whether an item of this text is still open, or ticked by now; nothing if it is gone.
///
/// # Errors
///
/// When the session cannot be read.
pub fn is_ticked(store: &Store, name: &str, text: &str) -> Result<Option<bool>> {
    let source = store.read(name)?;
    let document = Document::parse(&source);
    let boxes = document
        .boxes()
        .filter(|(_, item, _)| insert::line(item.text.of(document.text)) == text);
    Ok(boxes.map(|(.., ticked)| ticked).min())
}

impl Assignment {
    /// A task that is no item.
    pub fn task(text: &str) -> Self {
        Self {
            item: text.to_owned(),
            id: None,
            agent: None,
            wave: None,
            after: None,
            nested: Vec::new(),
            markdown: text.to_owned(),
        }
    }
}

/// An open item as work, wherever it stands.
pub(super) fn of_item(store: &Store, document: &Document, item: &Item) -> Assignment {
    assignment(store, document, item, None)
}

fn assignment(store: &Store, document: &Document, item: &Item, wave: Option<&Wave>) -> Assignment {
    let text = |item: &Item| insert::line(item.text.of(document.text));
    let item_text = text(item);
    let nested = document.body.items.iter().filter(|it| {
        let within = item.span.start < it.span.start && it.span.end <= item.span.end;
        within && it.checkbox.is_some_and(|(_, ticked)| !ticked)
    });
    let state = wave.and_then(|wave| Some(wave.state?.0));
    Assignment {
        id: issue_id(&item_text, |token| store.config.items.is_id(token)).map(str::to_owned),
        agent: mentioned(&item_text).map(str::to_owned),
        wave: wave.map(|wave| wave.number),
        after: match state {
            Some(WaveState::Blocked(by)) => Some(by),
            _ => None,
        },
        nested: nested.map(text).collect(),
        markdown: item.span.of(document.text).trim_end().to_owned(),
        item: item_text,
    }
}

/// The first agent that a text mentions: a word `@NAME`, perhaps with a mark of punctuation.
pub fn mentioned(text: &str) -> Option<&str> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']'));
    let mut names = words.filter_map(|word| {
        let name = word.strip_prefix('@')?;
        let name = name.trim_end_matches(['.', ',', ':', ';', '!', '?']);
        is_token(name).then_some(name)
    });
    names.next()
}

#[cfg(test)]
mod tests {
    use super::mentioned;

    #[test]
    fn an_agent_is_mentioned_by_a_word_of_its_own() {
        for (text, agent) in [
            ("BACK-1 - cache it @backend-dev", Some("backend-dev")),
            ("@qa: try it (@dev)", Some("qa")),
            ("try it (@dev.2), then more", Some("dev.2")),
            ("mail dev@example.com", None),
            ("bump @types/node", None),
            ("drop the `@deprecated` one", None),
            ("@ nobody", None),
        ] {
            assert_eq!(mentioned(text), agent, "{text}");
        }
    }
}
