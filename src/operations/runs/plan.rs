//! Who is started on which item, and how.

use std::path::PathBuf;

use super::incomplete::{Open, Progress};
use crate::agents::{Agent, is_id};
use crate::config::is_model;
use crate::error::{Error, Result};
use crate::operations::configure;
use crate::operations::log;
use crate::operations::queue::{Command, Job, State};
use crate::operations::trust::{self, External};
use crate::store::{Store, TrustFile};

/// How work is gone on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The conversation goes on, by its id.
    Resume,
    /// The same agent starts over.
    Retry,
    /// This agent starts over.
    Agent(String),
}

/// Something that cannot be gone on with in this way.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Left {
    /// The item, or the task.
    pub item: String,
    /// Why not.
    pub why: String,
    /// Whether that is because it is being worked on.
    #[serde(skip)]
    #[schemars(skip)]
    pub is_taken: bool,
}

/// What can be started, and what cannot.
#[derive(Debug, Default)]
pub struct Planned {
    /// What can.
    pub jobs: Vec<Job>,
    /// What cannot.
    pub left: Vec<Left>,
}

/// Work for agents that are to begin, each item for the agent that it mentions, or else for
/// `default`.
///
/// # Errors
///
/// When an item mentions no agent and there is no default, or one that is not known.
pub fn begin(store: &Store, open: Vec<Open>, default: Option<&str>) -> Result<Vec<Job>> {
    let job = |open: Open| {
        let mentioned = open.assignment.agent.as_deref();
        let agent = match (mentioned.or(default), &open.record) {
            (Some(name), _) => known(store, name)?,
            // What is left out needs nobody.
            (None, Some(run)) => Agent::unknown(&run.agent),
            (None, None) => return Err(nobody(&open)),
        };
        Ok(job(open, agent, Command::Start))
    };
    open.into_iter().map(job).collect()
}

/// Work for agents that are to go on.
///
/// # Errors
///
/// As for [`begin`].
pub fn go_on(store: &Store, open: Vec<Open>, way: &Way, default: Option<&str>) -> Result<Planned> {
    let mut planned = Planned::default();
    for open in open {
        if open.progress == Progress::Running {
            let run = open.run.as_deref().unwrap_or_default();
            planned.left.push(Left::taken(&open.item, run));
            continue;
        }
        match how(store, &open, way, default)? {
            Ok((mut agent, command)) => {
                let model = open.record.as_ref().and_then(|run| run.model.clone());
                agent.model = match way {
                    Way::Resume | Way::Retry => model.filter(|it| is_model(it)).or(agent.model),
                    Way::Agent(_) => agent.model,
                };
                planned.jobs.push(job(open, agent, command));
            }
            Err(why) => planned.left.push(left(&open, why)),
        }
    }
    Ok(planned)
}

type How = std::result::Result<(Agent, Command), String>;

fn how(store: &Store, open: &Open, way: &Way, default: Option<&str>) -> Result<How> {
    let named = |name: &str| Agent::named(&store.config, name);
    let run = open.record.as_ref();
    if let Way::Agent(name) = way {
        return Ok(Ok((known(store, name)?, Command::Start)));
    }
    let Some(run) = run else {
        if *way == Way::Resume {
            return Ok(Err("no agent was started on it".to_owned()));
        }
        let name = open.assignment.agent.as_deref().or(default);
        return match name {
            Some(name) => Ok(Ok((known(store, name)?, Command::Start))),
            None => Ok(Err("it mentions no agent, such as `@claude`".to_owned())),
        };
    };
    Ok(match (way, named(&run.agent)) {
        (Way::Resume, None) => Err(format!(
            "nothing says how `{}` goes on with a conversation",
            run.agent
        )),
        (Way::Resume, Some(agent)) => match run.conversation.as_ref().filter(|id| is_id(id)) {
            _ if agent.resume.is_empty() => Err(format!(
                "nothing says how `{}` goes on with a conversation",
                run.agent
            )),
            None => Err("its conversation is not known".to_owned()),
            Some(id) => Ok((agent, Command::Resume(id.clone()))),
        },
        (_, Some(agent)) => Ok((agent, Command::Start)),
        (_, None) => Ok((
            Agent::unknown(&run.agent),
            Command::Recorded {
                argv: run.argv.clone(),
                folder: PathBuf::from(&run.folder),
                env: run.env.clone(),
            },
        )),
    })
}

/// Fails unless every command that would run is trusted as it is now. Commands that are only
/// recorded are not looked at: who runs them has to ask.
///
/// # Errors
///
/// As for [`trust::require`].
pub fn require_trust(store: &Store, trust: &TrustFile, jobs: &[Job]) -> Result<()> {
    let mut asked: Vec<External> = Vec::new();
    for job in jobs.iter().filter(|job| job.state == State::Waiting) {
        let external = External::of_agent(job.agent.clone());
        let recorded = matches!(job.command, Command::Recorded { .. });
        if !recorded && asked.iter().all(|it| it.name != external.name) {
            asked.push(external);
        }
    }
    trust::require(store, trust, &asked)
}

fn job(open: Open, agent: Agent, command: Command) -> Job {
    let state = match open.progress {
        Progress::Running => State::Taken,
        _ => State::Waiting,
    };
    Job {
        is_item: open.is_item,
        run: open.run,
        assignment: open.assignment,
        agent,
        command,
        state,
    }
}

fn left(open: &Open, why: String) -> Left {
    Left {
        item: open.item.clone(),
        why,
        is_taken: false,
    }
}

impl Left {
    /// What this run is at work on.
    pub fn taken(item: &str, run: &str) -> Self {
        Self {
            item: item.to_owned(),
            why: format!("run {run} is at work on it"),
            is_taken: true,
        }
    }
}

/// Refuses what cannot be the name of an agent.
pub(super) fn check_name(store: &Store, name: &str) -> Result<()> {
    log::check_token("agent", name).map_err(|mut error| {
        let agents = Agent::all(&store.config).into_iter();
        let names: Vec<_> = agents.map(|agent| agent.name).collect();
        error
            .details
            .push(format!("there are {}", names.join(", ")));
        error.hint("agentsess help run")
    })
}

/// The agent of this name.
///
/// # Errors
///
/// When there is none, or none can have it.
pub fn known(store: &Store, name: &str) -> Result<Agent> {
    check_name(store, name)?;
    Agent::named(&store.config, name).ok_or_else(|| {
        let mut error = Error::usage(format!(
            "nothing says what the agent `{name}` is; there are"
        ));
        let agents = Agent::all(&store.config).into_iter();
        error.details = agents.map(|agent| agent.name).collect();
        let table = format!("agents.{name}");
        error.hint(configure::add(store, &table, "host = \"claude\""))
    })
}

/// The agent that somebody who names none most likely means: the last one that was started on the
/// session, or else the first one of the configuration, or of those that are known.
pub fn usual(store: &Store, session: &str) -> String {
    let ledger = super::ledger(store).unwrap_or_default();
    let runs = ledger.runs.values().rev();
    let mut last = runs.filter(|run| run.session == session);
    let last = last.find_map(|run| Agent::named(&store.config, &run.agent));
    let agent = last.or_else(|| Agent::all(&store.config).into_iter().next());
    agent.map_or("claude".to_owned(), |agent| agent.name)
}

fn nobody(open: &Open) -> Error {
    let message = format!(
        "the item `{}` mentions no agent, such as `@claude`, and no other one is to do it",
        open.item
    );
    Error::usage(message)
}
