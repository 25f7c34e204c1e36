//! Keeps `spawned_agents` by itself: who was started for a part of the work, and what came of it.
//!
//! Told by a host, which waits: the lock is tried once. If another writer has it, what happened is
//! left to the next one.

use super::write::{Revision, write_locked};
use crate::document::schema::{CONTEXT, CURRENT_STATE};
use crate::document::time::Timestamp;
use crate::document::yaml::Node;
use crate::document::{Document, Edit, Scalar, Status, insert, secrets};
use crate::error::{Error, Kind, Result};
use crate::store::{Event, Lock, Store, What};

/// Agents that are kept by themselves; more are no overview.
const AGENTS: usize = 100;

/// Longest name, task and summary, in characters.
const NAME: usize = 60;
const TASK: usize = 120;
const SUMMARY: usize = 240;

/// What of a summary is looked at, in characters: enough that no secret is cut in what is kept of it.
const LOOKED_AT: usize = 3000;

/// Characters of the host's id that tell agents of one kind apart.
const ID: usize = 8;

/// What a subagent needs to know.
#[derive(Debug)]
pub struct Given {
    /// The shortest name of the session.
    pub slug: String,
    /// Its Context and Current State, if it is this clone's own.
    pub sections: Option<[Option<String>; 2]>,
}

/// What a subagent of a conversation is given; nothing if that is bound to no session.
pub fn given(store: &Store, conversation: &str) -> Option<(String, Given)> {
    let name = store.conversation(conversation)?.session;
    let source = store.read(&name).ok()?;
    let document = Document::parse(&source);
    let own = store.owned().contains(&name);
    let sections = [CONTEXT, CURRENT_STATE];
    let sections = sections.map(|section| document.section_text(section).map(str::to_owned));
    let slug = store.short_name(&name).to_owned();
    let sections = own.then_some(sections);
    Some((name, Given { slug, sections }))
}

/// The event of a subagent, with what it says cut and without secrets.
pub fn event(session: String, id: &str, agent: Option<&str>, what: What, at: Timestamp) -> Event {
    let text = |text: Option<String>, limit| told(&text?, limit);
    Event {
        schema_version: 1,
        session,
        at,
        id: id
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(64)
            .collect(),
        agent: text(agent.map(str::to_owned), NAME).unwrap_or_else(|| "subagent".to_owned()),
        what: match what {
            What::Started { task } => What::Started {
                task: text(task, TASK),
            },
            What::Stopped { summary } => What::Stopped {
                summary: text(summary, SUMMARY),
            },
        },
    }
}

/// One line of what an agent or its host says, cut and without secrets; nothing if it says nothing.
fn told(text: &str, limit: usize) -> Option<String> {
    // All of it that is looked at before any is cut: half a secret would not be recognised.
    let line: String = text.chars().take(LOOKED_AT).collect();
    let line = insert::line(&line);
    let (line, _) = secrets::redact(&line);
    Some(insert::cut(&line, limit)).filter(|text| !text.is_empty())
}

/// A task as it stands in the list.
pub(super) fn task(text: &str) -> Option<String> {
    told(text, TASK)
}

/// Whether a task that is an item of the session is ticked there.
pub(super) fn is_ticked(document: &Document, task: &str) -> bool {
    let boxes = document.boxes();
    let mut said = boxes.filter(|(_, item, _)| {
        let text = insert::line(item.text.of(document.text));
        told(&text, TASK).as_deref() == Some(task)
    });
    let ticked = |(_, _, ticked)| ticked;
    said.next().is_some_and(ticked) && said.all(ticked)
}

/// A summary as it stands in the list.
pub(super) fn summary(text: &str) -> Option<String> {
    told(text, SUMMARY)
}

/// How an agent is to stand in the list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed<'l> {
    pub agent: &'l str,
    pub task: &'l str,
    pub status: &'l str,
    pub summary: Option<&'l str>,
}

impl<'l> Listed<'l> {
    /// The edits that have it stand like this where it is listed, or else behind all others.
    ///
    /// # Errors
    ///
    /// When it would be one more than are listed by themselves.
    pub fn edits(self, document: &Document, known: Option<usize>) -> Result<Vec<Edit<'l>>> {
        let Some(at) = known else {
            if listed(document).len() >= AGENTS {
                let message =
                    format!("{AGENTS} agents are listed; more are not added by themselves");
                return Err(Error::usage(message));
            }
            return Ok(vec![Edit::AddAgent(crate::document::Agent {
                agent: self.agent,
                task: self.task,
                status: self.status,
                summary: self.summary,
            })]);
        };
        let set = |key, value| Edit::SetAgent { at, key, value };
        let mut edits = vec![set("status", Scalar::Word(self.status))];
        let summary = self.summary.map(Scalar::Text);
        edits.extend(summary.map(|summary| set("summary", summary)));
        Ok(edits)
    }
}

/// The place in the list of an agent with a task, the last one of that.
pub(super) fn place(document: &Document, agent: &str, task: &str) -> Option<usize> {
    let says = |entry: &Node, key: &str, text: &str| {
        entry.entry(key).and_then(|entry| entry.value.text()) == Some(text)
    };
    let is = |entry: &Node| says(entry, "agent", agent) && says(entry, "task", task);
    listed(document).iter().rposition(is)
}

/// Whether an agent is listed as at work on a task.
pub(super) fn is_at_work(document: &Document, agent: &str, task: &str) -> bool {
    let entry = place(document, agent, task).and_then(|at| listed(document).get(at));
    let status = entry.and_then(|entry| entry.entry("status"));
    status.and_then(|status| status.value.text()) == Some("in_progress")
}

/// Whether an agent in the list has a summary.
pub(super) fn has_summary(document: &Document, at: usize) -> bool {
    let agent = listed(document).get(at);
    agent.is_some_and(|agent| agent.entry("summary").is_some())
}

/// Writes an event down if nobody holds the lock, or else leaves it.
///
/// # Errors
///
/// When the session cannot be edited, or the operating system refuses.
pub fn note(store: &Store, event: &Event) -> Result<()> {
    let Some(lock) = store.try_lock()? else {
        return store.leave_event(event);
    };
    settle(store, &lock);
    apply(store, &lock, event)
}

/// Writes down what others left. What is of no use any more is dropped, and what cannot be written
/// now waits on: neither stops the writer who comes across it.
pub(super) fn settle(store: &Store, lock: &Lock) {
    for (path, event) in store.events() {
        let failed = event
            .ok()
            .and_then(|event| apply(store, lock, &event).err());
        if failed.is_some_and(|error| error.kind == Kind::Io) {
            continue;
        }
        let _ = store.remove_event(lock, &path);
    }
}

fn apply(store: &Store, lock: &Lock, left: &Event) -> Result<()> {
    let (id, agent) = (left.id.as_str(), Some(left.agent.as_str()));
    // What was left is no more to be trusted than what a host says.
    let event = &event(left.session.clone(), id, agent, left.what.clone(), left.at);
    let session = session_of(store, event);
    let outcome = write_locked(store, lock, &session, false, event.at, |revision| {
        revise(revision, event)
    });
    outcome.map(drop)
}

/// The session that lists an agent which has ended: the conversation may have gone on to another one
/// since it started it.
fn session_of(store: &Store, event: &Event) -> String {
    let lists = |name: &String| {
        let source = store.read(name).ok()?;
        let document = Document::parse(&source);
        known(&document, &mark(event)).map(|_| name.clone())
    };
    let ended = matches!(event.what, What::Stopped { .. });
    let others = || store.owned().iter().find_map(lists);
    let found = ended.then(|| lists(&event.session).or_else(others));
    found.flatten().unwrap_or_else(|| event.session.clone())
}

/// What the task of an agent ends with that is kept by itself.
fn mark(event: &Event) -> String {
    format!("({})", event.id.chars().take(ID).collect::<String>())
}

/// The place of an agent in the list. The last one: hosts may use an id again.
fn known(document: &Document, mark: &str) -> Option<usize> {
    let is = |agent: &Node| {
        let task = agent.entry("task").and_then(|task| task.value.text());
        mark != "()" && task.is_some_and(|task| task.ends_with(mark))
    };
    listed(document).iter().rposition(is)
}

fn listed<'d>(document: &'d Document) -> &'d [Node<'d>] {
    let path = ["orchestration", "spawned_agents"];
    let list = document.frontmatter.entry(&path);
    list.and_then(|list| list.value.items()).unwrap_or_default()
}

fn revise(revision: &Revision, event: &Event) -> Result<Option<Vec<u8>>> {
    let document = revision.document;
    if document.frontmatter.status() == Some(Status::Completed) {
        return Ok(None);
    }
    let listed = listed(document);
    let mark = mark(event);
    let known = known(document, &mark);
    let status = |at: usize| listed.get(at)?.entry("status")?.value.text();
    let task = |task: &Option<String>| {
        let current = document.frontmatter.current_task();
        let task = task.as_deref().or(current).unwrap_or("a part of the work");
        format!("{} {mark}", insert::cut(&insert::line(task), TASK))
    };
    let (status_now, summary) = match &event.what {
        What::Started { .. } => ("in_progress", None),
        What::Stopped { summary } => ("completed", summary.as_deref()),
    };
    let completed = known.is_some_and(|at| status(at) == Some("completed"));
    let known = match (&event.what, known) {
        (What::Stopped { .. }, Some(_)) if completed => return Ok(None),
        (What::Started { .. }, Some(_)) if !completed => return Ok(None),
        // It was sent out again: what came of it the first time stays.
        (What::Started { .. }, Some(_)) => None,
        (_, known) => known,
    };
    let said = match &event.what {
        What::Started { task } => task,
        What::Stopped { .. } => &None,
    };
    let listed = Listed {
        agent: &event.agent,
        task: &task(said),
        status: status_now,
        summary,
    };
    revision
        .apply(listed.edits(document, known)?, None)
        .map(Some)
}
