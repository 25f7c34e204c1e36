//! What an agent is told at the start of a conversation, and before what was said in it is cut.
//!
//! Of a folder with many sessions only the frontmatter is parsed; the few that are told of are read
//! to their end. What is written in a session that came with somebody's branch is not passed on to
//! an agent that nobody has told to work on it: of such a session only its name, status and age are
//! known.

use std::cmp::Reverse;
use std::path::PathBuf;

use chrono::TimeDelta;
use rayon::prelude::*;

use super::brief::Brief;
use super::conversation::{Open, left, seen};
use super::list::{State, is_stale};
use super::role::Role;
use crate::document::time::{Timestamp, format_rfc3339};
use crate::document::{
    Document, Fences, Frontmatter, Progress, SessionName, Source, Status, is_placeholder, slug_of,
};
use crate::error::Result;
use crate::store::{Store, shared_slugs, short_name};

/// Sessions that are told of, each on a line of its own.
const ROWS: usize = 12;

/// Folders of fewer sessions are read in less time than it takes to start threads.
const FEW: usize = 100;

/// Bytes of a file in which the frontmatter usually ends.
const START: usize = 4096;

/// How long ago a session was touched that the conversation may be about.
const RECENT: TimeDelta = TimeDelta::minutes(60);

/// Who starts.
#[derive(Debug, Default)]
pub struct Request<'r> {
    /// The host's id of the conversation.
    pub conversation: Option<&'r str>,
    /// The file name of the session that it was told to work on, whatever it is bound to.
    pub session: Option<&'r str>,
    /// What kind of agent starts, if that is known.
    pub role: Option<Role>,
    /// Whether the conversation was compacted just now.
    pub compacted: bool,
    /// Whether it is a new one.
    pub fresh: bool,
}

/// What it is told.
#[derive(Debug, Default)]
pub struct Digest {
    /// What the conversation works on.
    pub bound: Option<Bound>,
    /// What it worked on until somebody took it away.
    pub gone: Option<Gone>,
    /// Other sessions, those that most probably matter first.
    pub rows: Vec<Row>,
    /// How many more there are.
    pub more: usize,
    /// How many of all are completed and not closed.
    pub completed: usize,
    /// What conversations left open that ended since anybody was told.
    pub left: Vec<Open>,
    /// Whether the user is to be asked which session to go on with.
    pub asks: bool,
    /// The root of another work tree that has sessions, where this one has none.
    pub elsewhere: Option<String>,
    /// What the agent is there for.
    pub role: Option<Role>,
}

/// A session that a conversation works on.
#[derive(Debug)]
pub struct Bound {
    /// Its shortest name.
    pub slug: String,
    /// What there is to know; nothing if it came from somebody else.
    pub brief: Option<Brief>,
}

/// A session that a conversation worked on, and that is not there or not its own any more.
#[derive(Debug)]
pub struct Gone {
    /// Its slug.
    pub slug: String,
    /// What became of it, as the end of a sentence.
    pub fate: String,
    /// Whether it is there, and another conversation's.
    pub taken: bool,
}

/// What a conversation worked on, if that is gone or was taken over by another one.
pub fn gone(store: &Store, conversation: &str) -> Option<Gone> {
    let lost = store.lost(conversation);
    let taken = lost.as_ref().and_then(|lost| lost.lost_at);
    let name = lost.or_else(|| store.conversation(conversation))?.session;
    let there = store.path(&name).symlink_metadata().is_ok();
    let fate = match (there, taken) {
        (false, _) => store.fate(&name),
        (true, Some(at)) => {
            format!(
                "was taken over by another conversation at {}",
                format_rfc3339(at)
            )
        }
        (true, None) => return None,
    };
    Some(Gone {
        slug: slug_of(&name).to_owned(),
        fate,
        taken: there,
    })
}

/// A session in one line.
#[derive(Debug)]
pub struct Row {
    /// Its shortest name.
    pub slug: String,
    /// Its status, if valid.
    pub status: Option<Status>,
    /// Seconds since it was updated.
    pub age: Option<i64>,
    /// Whether nobody has written to it for longer than sessions of its status may lie.
    pub stale: bool,
    /// What it says, if it is this clone's own.
    pub said: Option<Words>,
}

/// What a session says of itself.
#[derive(Debug)]
pub struct Words {
    /// Its effective state.
    pub state: State,
    /// Ticked items of all.
    pub progress: Progress,
    /// Its title.
    pub title: Option<String>,
    /// Its issue.
    pub issue: Option<String>,
    /// What is being worked on.
    pub current_task: Option<String>,
    /// Who is to take it.
    pub waits_for: Option<String>,
    /// What somebody in the given role has to look at.
    pub focus: Option<String>,
}

/// What the frontmatter of a session says.
pub(super) struct Head {
    name: String,
    pub status: Option<Status>,
    updated: Option<Timestamp>,
}

impl Head {
    fn read(store: &Store, name: &str) -> Option<Self> {
        let start = store.read_start(name, START).ok()?;
        let rest = || Self::of(name, &store.read(name).ok()?, usize::MAX);
        Self::of(name, &start, START).or_else(rest)
    }

    /// `None` if the text has `limit` bytes, so that it may go on, and its frontmatter may, too.
    fn of(name: &str, source: &Source, limit: usize) -> Option<Self> {
        let text = source.text();
        let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let frontmatter = Frontmatter::parse(text, mark);
        let ends = match frontmatter.fences {
            Fences::Missing => true,
            // The line may go on.
            Fences::Closed => frontmatter.span.end < text.len(),
            Fences::Unclosed | Fences::TooLong => false,
        };
        if text.len() >= limit && !ends {
            return None;
        }
        Some(Self {
            name: name.to_owned(),
            status: frontmatter.status(),
            updated: frontmatter.last_updated().map(|updated| updated.at),
        })
    }
}

/// The heads of all sessions that can be read.
pub(super) fn heads(store: &Store) -> Result<Vec<Head>> {
    let names = store.names()?;
    let head = |name: &String| Head::read(store, name);
    Ok(if names.len() < FEW {
        names.iter().filter_map(head).collect()
    } else {
        names.par_iter().filter_map(head).collect()
    })
}

/// What an agent is told as a conversation starts or goes on. Notes that it does.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn start(store: &Store, request: &Request, now: Timestamp) -> Result<Digest> {
    let known = request.conversation.and_then(|id| store.conversation(id));
    let bound = request.session.map(str::to_owned);
    let bound = bound.or_else(|| known.as_ref().map(|known| known.session.clone()));
    let mut heads = heads(store)?;
    let names: Vec<_> = heads.iter().map(|head| head.name.clone()).collect();
    let shared = shared_slugs(&names);
    let completed = |head: &Head| head.status == Some(Status::Completed);
    let mut digest = Digest {
        completed: heads.iter().filter(|head| completed(head)).count(),
        left: left_open(store, request.conversation, now),
        gone: request.conversation.and_then(|id| gone(store, id)),
        role: request.role,
        ..Digest::default()
    };
    if heads.is_empty() {
        digest.elsewhere = store.elsewhere();
    }
    if heads.is_empty() && digest.left.is_empty() && digest.gone.is_none() {
        return Ok(digest);
    }
    // What came with a branch is told apart only where anything is told.
    let owned = store.owned();
    if let Some(at) = heads
        .iter()
        .position(|head| Some(&head.name) == bound.as_ref())
    {
        let name = heads.swap_remove(at).name;
        let brief = || {
            let source = store.read(&name).ok()?;
            let brief = Brief::new(store, &name, &Document::parse(&source), now);
            Some(without_placeholders(brief))
        };
        digest.bound = Some(Bound {
            slug: short_name(&name, &shared).to_owned(),
            brief: owned.contains(&name).then(brief).flatten(),
        });
    }
    heads.sort_by_key(|head| {
        let rank = match head.status {
            Some(Status::InProgress) => 0,
            Some(Status::Paused) => 1,
            None => 2,
            Some(Status::Completed) => 3,
        };
        (rank, Reverse(head.updated))
    });
    digest.asks = digest.bound.is_none() && request.fresh && !heads.iter().all(completed);
    // After compaction the conversation has what it needs; before, it may want to know of others.
    let rows = if request.compacted && digest.bound.is_some() {
        0
    } else {
        ROWS
    };
    digest.more = heads.len().saturating_sub(rows);
    digest.rows = heads
        .iter()
        .take(rows)
        .map(|head| {
            let slug = short_name(&head.name, &shared);
            row(
                store,
                head,
                slug,
                owned.contains(&head.name),
                request.role,
                now,
            )
        })
        .collect();
    if let Some(known) = known {
        // What is told is right, whether this can be noted or not.
        if let Err(error) = seen(store, known, now) {
            store.log_hook(&error.to_string());
        }
    }
    let old: Vec<_> = store.old_conversations(now).collect();
    for old in old {
        let _ = store.forget_conversation(&old.id);
    }
    Ok(digest)
}

/// What conversations left open that ended since anybody was told; now somebody is.
fn left_open(store: &Store, id: Option<&str>, now: Timestamp) -> Vec<Open> {
    let ended = store.conversations().into_iter().filter(|other| {
        let other_one = Some(other.id.as_str()) != id;
        other_one && other.ended_at.is_some() && !other.told
    });
    let told = ended.filter_map(|mut conversation| {
        let open = left(store, &conversation, now);
        conversation.told = true;
        // Told twice is better than never.
        let _ = store.note_conversation(&conversation);
        open
    });
    told.collect()
}

fn row(
    store: &Store,
    head: &Head,
    slug: &str,
    own: bool,
    role: Option<Role>,
    now: Timestamp,
) -> Row {
    // One that went away meanwhile is told of as what its name says.
    let source = store.read(&head.name);
    let source = source.unwrap_or_else(|_| Source::new(Vec::new()));
    let document = Document::parse(&source);
    let frontmatter = &document.frontmatter;
    let said = own.then(|| Words {
        state: State::of(&document, now),
        progress: document.progress(),
        title: words(frontmatter.title()),
        issue: words(frontmatter.issue()),
        current_task: words(frontmatter.current_task()),
        waits_for: document.waits_for(),
        focus: role.and_then(|role| role.focus(&document)),
    });
    // A name that follows no scheme can say anything.
    let told = own || SessionName::parse(&head.name).is_some();
    Row {
        slug: if told { slug } else { "(unusual name)" }.to_owned(),
        status: head.status,
        age: head.updated.map(|updated| (now - updated).num_seconds()),
        stale: is_stale(store, &document, now),
        said,
    }
}

/// What is not merely what a template left to be filled in.
pub(super) fn words(text: Option<&str>) -> Option<String> {
    text.filter(|text| is_placeholder(text).is_none())
        .map(str::to_owned)
}

fn without_placeholders(mut brief: Brief) -> Brief {
    let lines = |text: &Option<String>| {
        let lines = text.as_deref()?.lines();
        let lines: Vec<_> = lines
            .filter(|line| is_placeholder(line).is_none())
            .collect();
        let said = lines.iter().any(|line| !line.trim().is_empty());
        said.then(|| lines.join("\n"))
    };
    brief.current_state = lines(&brief.current_state);
    brief.next_steps = lines(&brief.next_steps);
    brief.title = words(brief.title.as_deref());
    brief.current_task = words(brief.current_task.as_deref());
    let said = |items: &mut Vec<String>| items.retain(|item| is_placeholder(item).is_none());
    said(&mut brief.blockers);
    said(&mut brief.open_items);
    brief
}

/// A session that the conversation may be about.
#[derive(Debug)]
pub struct Recent {
    /// Its shortest name.
    pub slug: String,
    /// The file, as the user would write it.
    pub path: PathBuf,
    /// Its title.
    pub title: Option<String>,
    /// Seconds since it was updated.
    pub age: i64,
    /// Whether its log went on without Current State.
    pub behind: bool,
    /// The heading of its last log entry.
    pub last_entry: Option<String>,
    /// Whether the conversation is bound to it.
    pub bound: bool,
}

/// The sessions of this clone that were touched lately and that no other conversation is at work on,
/// first the one that this one is bound to.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn recent(store: &Store, conversation: Option<&str>, now: Timestamp) -> Result<Vec<Recent>> {
    let known = conversation.and_then(|id| store.conversation(id));
    let bound = known.as_ref().map(|known| known.session.as_str());
    let mut heads = heads(store)?;
    let names: Vec<_> = heads.iter().map(|head| head.name.clone()).collect();
    let shared = shared_slugs(&names);
    heads.retain(|head| {
        let lately = head.updated.is_some_and(|at| (now - at).abs() <= RECENT);
        bound == Some(head.name.as_str()) || lately
    });
    // Neither what came with a branch nor what others are at work on is what this conversation is
    // about, unless it was told so.
    if !heads.is_empty() {
        let owned = store.owned();
        let others: Vec<_> = store.live_elsewhere(conversation, now).collect();
        heads.retain(|head| {
            let of_another = || others.iter().any(|other| other.session == head.name);
            bound == Some(head.name.as_str()) || (owned.contains(&head.name) && !of_another())
        });
    }
    heads.sort_by_key(|head| {
        let is_bound = bound == Some(head.name.as_str());
        (!is_bound, Reverse(head.updated))
    });
    let recent = heads.iter().take(ROWS).filter_map(|head| {
        let source = store.read(&head.name).ok()?;
        let document = Document::parse(&source);
        let log = document.body.log(document.text);
        let last = log
            .last()
            .and_then(|entry| document.body.headings.get(entry.heading));
        Some(Recent {
            slug: short_name(&head.name, &shared).to_owned(),
            path: store.shown(&store.path(&head.name)),
            title: words(document.frontmatter.title()),
            age: head.updated.map_or(0, |at| (now - at).num_seconds()),
            behind: document.is_behind(),
            last_entry: last.map(|heading| heading.title.to_string()),
            bound: bound == Some(head.name.as_str()),
        })
    });
    let recent = recent.collect();
    if let Some(known) = known
        && let Err(error) = seen(store, known, now)
    {
        store.log_hook(&error.to_string());
    }
    Ok(recent)
}
