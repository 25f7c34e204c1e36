//! Hooks must not hurt: whatever happens, the host goes on as if nobody had been called, and what
//! went wrong is in a log.

use std::io::{self, IsTerminal, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Context, SESSION, conversation, variable};
use crate::cli;
use crate::clock;
use crate::document::insert::cut;
use crate::document::time::{Timestamp, format_rfc3339};
use crate::error::{Error, Result};
use crate::hosts::{Event, Host, Payload, Shape, Source};
use crate::operations::init::catalog::CODEX_CONFIG;
use crate::operations::role::Role;
use crate::operations::{conversation as conversations, digest, spawned};
use crate::render::digest as text;
use crate::render::one_line;
use crate::store::{Place, SettingsFile, Store, What};

/// Longest line of the log, in characters.
const LINE: usize = 500;

/// One call by a host.
struct Call {
    event: Event,
    host: Option<&'static Host>,
    role: Option<String>,
    payload: Payload,
    place: Place,
    now: Timestamp,
}

pub(super) fn run(context: &Context, arguments: &cli::Hook) -> ExitCode {
    // Nobody is to read how this program broke down in the middle of something else.
    panic::set_hook(Box::new(|_| {}));
    let answered = panic::catch_unwind(AssertUnwindSafe(|| answer(context, arguments)));
    let failed = match answered {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(failed)) => failed,
        Err(_) => (context.place.clone(), Error::usage("it broke down")),
    };
    let (place, error) = failed;
    let host = arguments.host.as_deref().unwrap_or("-");
    fail(
        &place,
        &format!("{} {host}", arguments.event),
        &error.to_string(),
    )
}

/// Answers wrong arguments: a host would take the usual exit code for a wish to stop what it does.
pub(super) fn refuse(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    let said = error.to_string();
    let line = said.lines().next().unwrap_or("");
    log(&Place::default(), "hook", line);
    ended()
}

/// A person who tries this is told; a host is not.
pub(super) fn fail(place: &Place, what: &str, message: &str) -> ExitCode {
    let line = log(place, what, message);
    if io::stdin().is_terminal() {
        let _ = writeln!(io::stderr(), "error: {line}\nhint: agentsess help hook");
    }
    ended()
}

fn ended() -> ExitCode {
    ExitCode::from(if io::stdin().is_terminal() { 2 } else { 0 })
}

fn log(place: &Place, what: &str, message: &str) -> String {
    let now = clock::now().map(format_rfc3339).unwrap_or_default();
    let line = format!("{now} {what}: {message}");
    let line = cut(&one_line(&line), LINE);
    // Perhaps it is the settings that are wrong.
    let place = Place {
        settings: SettingsFile::None,
        ..place.clone()
    };
    if let Ok(store) = Store::open(&place) {
        store.log_hook(&line);
    }
    line
}

fn answer(context: &Context, arguments: &cli::Hook) -> Result<(), (Place, Error)> {
    let stdin = io::stdin();
    let payload = if stdin.is_terminal() {
        Ok(Payload::default())
    } else {
        Payload::read(stdin.lock())
    };
    let mut place = context.place.clone();
    let payload = match payload {
        Ok(payload) => payload,
        Err(message) => return Err((place, Error::usage(message))),
    };
    let there = |directory: &PathBuf| directory.is_dir();
    place.directory = place
        .directory
        .or_else(|| payload.directory.clone().filter(there));
    let event = Event::ALL
        .into_iter()
        .find(|event| event.as_str() == arguments.event);
    let Some(event) = event else {
        return Err((place, Error::usage("there is no such event")));
    };
    let host = arguments.host.as_deref().and_then(Host::named);
    let host = host.map(|host| host.or_reader(variable));
    let host = host
        .or(payload.host)
        .or_else(|| Host::of_environment(variable));
    let call = Call {
        event,
        host,
        role: arguments
            .role
            .clone()
            .or_else(|| payload.agent_type.clone()),
        payload,
        place: place.clone(),
        now: context.now,
    };
    let answered = call.answer().and_then(|text| {
        let mut stdout = io::stdout().lock();
        let written = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::usage(format!(
                "cannot write to standard output: {error}"
            ))),
            _ => Ok(()),
        }
    });
    answered.map_err(|error| (place, error))
}

impl Call {
    /// What is to be printed.
    fn answer(&self) -> Result<String> {
        // A host that is not known may take words as they are.
        let shape = self
            .host
            .map_or(Some(Shape::Text), |host| host.shape(self.event));
        let tells = matches!(self.event, Event::PreCompact | Event::Stop);
        if tells && (shape.is_none() || self.payload.looping) {
            return Ok(String::new());
        }
        let now = self.now;
        let store = Store::open(&self.place)?;
        let starts = self.event == Event::SessionStart;
        let has_any = store.sessions.is_dir() || starts && store.elsewhere().is_some();
        if !has_any {
            return Ok(String::new());
        }
        let id = self.payload.conversation.clone();
        let id = id.or_else(|| conversation(&store));
        let id = id.as_deref();
        match self.event {
            Event::SessionStart => self.start(&store, id, shape, now),
            Event::PreCompact => {
                let recent = digest::recent(&store, id, now)?;
                let gone = id.and_then(|id| digest::gone(&store, id));
                Ok(self.write(&store, shape, id, |limit| {
                    text::before_compaction(&recent, gone.as_ref(), limit)
                }))
            }
            Event::SessionEnd => {
                let end = conversations::end(&store, id, shape.is_some(), now)?;
                Ok(self.write(&store, shape, id, |_| text::end(&end)))
            }
            Event::Stop => {
                let left = id.map(|id| conversations::left_behind(&store, id, now));
                let slug = left.transpose()?.flatten();
                Ok(slug.map_or(String::new(), |slug| {
                    self.write(&store, shape, id, |_| text::stop(&slug))
                }))
            }
            Event::SubagentStart | Event::SubagentStop => self.subagent(&store, id, shape, now),
        }
    }

    fn start(
        &self,
        store: &Store,
        id: Option<&str>,
        shape: Option<Shape>,
        now: Timestamp,
    ) -> Result<String> {
        let named = variable(SESSION).and_then(|named| store.select(&named, None).ok());
        let request = digest::Request {
            conversation: id,
            session: named.as_deref(),
            role: self.role.as_deref().map(Role::of),
            compacted: self.payload.source == Source::Compacted,
            fresh: self.payload.source == Source::Fresh,
        };
        let digest = digest::start(store, &request, now)?;
        Ok(self.write(store, shape, id, |limit| text::start(&digest, limit)))
    }

    fn subagent(
        &self,
        store: &Store,
        id: Option<&str>,
        shape: Option<Shape>,
        now: Timestamp,
    ) -> Result<String> {
        let Some((session, given)) = id.and_then(|id| spawned::given(store, id)) else {
            return Ok(String::new());
        };
        let payload = &self.payload;
        let agent = payload.agent_type.as_deref();
        let Some(agent_id) = payload.agent_id.as_deref().or(agent) else {
            return Err(Error::usage(
                "the payload does not say which subagent it is",
            ));
        };
        let what = if self.event == Event::SubagentStart {
            What::Started {
                task: payload.task.clone(),
            }
        } else {
            What::Stopped {
                summary: payload.last_message.clone(),
            }
        };
        let event = spawned::event(session, agent_id, agent, what, now);
        if let Err(error) = spawned::note(store, &event) {
            // What it is given is right, whether this can be noted or not.
            log(&self.place, self.event.as_str(), &error.to_string());
        }
        Ok(self.write(store, shape, id, |limit| text::subagent(&given, limit)))
    }

    /// What is said, in the form of the host.
    fn write(
        &self,
        store: &Store,
        shape: Option<Shape>,
        id: Option<&str>,
        say: impl Fn(usize) -> text::Said,
    ) -> String {
        let Some(shape) = shape else {
            return String::new();
        };
        let tools = if self.writes_by_tools(store) {
            text::BY_TOOLS
        } else {
            ""
        };
        shape.write(id, |limit| {
            let mut said = say(limit.saturating_sub(tools.chars().count()));
            if !said.context.is_empty() {
                said.context += tools;
            }
            said
        })
    }

    /// Whether the agent is in a sandbox in which commands do not write here, and has the tools.
    fn writes_by_tools(&self, store: &Store) -> bool {
        let config = || store.read_document(Path::new(CODEX_CONFIG)).ok().flatten();
        let is_codex = self.host.is_some_and(|host| host.name == "codex");
        is_codex
            && config().is_some_and(|config| {
                String::from_utf8_lossy(&config).contains("[mcp_servers.agentsess]")
            })
    }
}
