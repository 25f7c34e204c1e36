use std::fmt;

use serde::{Deserialize, Serialize};

use super::RunId;
use super::process::{Life, Machine, Process};
use crate::document::is_token;
use crate::document::time::Timestamp;

/// Tells a process, and those that it starts, as which run it was started.
pub const RUN: &str = "AGENTSESS_RUN";

/// Longest text of a record, in bytes; arguments are bounded together by [`ARGV_LIMIT`].
const TEXT_LIMIT: usize = 4096;

/// The most that a record keeps of the arguments, in bytes.
pub const ARGV_LIMIT: usize = 64 * 1024;

/// What came of a run, as far as it is written down.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was about to start, and nobody has written down how it ended.
    Running,
    /// It ended with exit code 0, or somebody says that its work is done.
    Completed,
    /// It could not be started, took too long, or ended with another exit code or a crash.
    Failed,
    /// A signal ended it, or it was told to stop, or nobody saw how it ended.
    Interrupted,
}

/// The same of a run of which it is not recorded.
const fn kill_after_ms() -> u64 {
    10_000
}

impl Status {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Why a run ended as it did, where exit code and signal do not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It took longer than it was given.
    Timeout,
    /// It could not be started.
    NotStarted,
    /// Whoever watched over it was told to stop; it may run all the same.
    Told,
    /// Its processes are gone, and nobody saw them end.
    Lost,
    /// Somebody says that its work is done.
    ByHand,
    /// It said that it failed, whatever its exit code.
    Said,
}

/// One agent that was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The file name of the session.
    pub session: String,
    /// Who was started.
    pub agent: String,
    /// The model, if one was named.
    #[serde(default)]
    pub model: Option<String>,
    /// The text of the item it was started on, if it was one.
    #[serde(default)]
    pub item: Option<String>,
    /// What it is to do, as its entry in the session has it.
    #[serde(default)]
    pub task: String,
    /// The program and its arguments; fewer if they were more than 64 KiB.
    pub argv: Vec<String>,
    /// The names of the variables it was given with `--env`.
    #[serde(default)]
    pub env: Vec<String>,
    /// The folder it was started in.
    #[serde(default)]
    pub folder: String,
    /// What came of it.
    pub status: Status,
    /// The machine it runs on.
    pub host: String,
    /// The boot of the machine, see [`Machine::boot`].
    #[serde(default)]
    pub boot: String,
    /// The program that watches over it.
    pub supervisor: Process,
    /// The number of its process, once it has one.
    #[serde(default)]
    pub pid: Option<u32>,
    /// The start time of its process, see [`Process::start_time`].
    #[serde(default)]
    pub process_start_time: Option<String>,
    /// Whether its process leads a process group of its own.
    #[serde(default)]
    pub group: bool,
    /// How long it has to end once it is told to, in milliseconds.
    #[serde(default = "kill_after_ms")]
    pub kill_after_ms: u64,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended; of one that nobody saw end, when that was noticed.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
    /// Its exit code, if it had one.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// The number of the signal that ended it, or with which it was told to end.
    #[serde(default)]
    pub signal: Option<i32>,
    /// Why it ended as it did.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// The host's id of the conversation, once it is known.
    #[serde(default)]
    pub conversation: Option<String>,
    /// The file with what it said, in the folder of the ledger.
    #[serde(default)]
    pub log: Option<String>,
    /// What it said last, cut and without secrets.
    #[serde(default)]
    pub summary: Option<String>,
    /// Whether the session says how it ended.
    #[serde(default)]
    pub logged: bool,
}

/// How a run stands, seen from here and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It runs, and somebody watches over it.
    Running,
    /// The same, and it was told to stop.
    Stopping,
    /// It runs and was stopped; it goes on when it is told to.
    Stopped,
    /// It runs, and whoever watched over it is gone.
    Unsupervised,
    /// Somebody says that its work is done, and it runs all the same.
    Lingering,
    /// It ran on another machine or in another container, and cannot be seen from here.
    Unknown,
    /// A signal ended it, or nobody saw how it ended.
    Interrupted,
    /// It failed.
    Failed,
    /// It is done.
    Completed,
}

impl Standing {
    /// As it is shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopping => "running (stopping)",
            Self::Stopped => "running (stopped)",
            Self::Unsupervised => "running (unsupervised)",
            Self::Lingering => "completed (by hand), still runs",
            Self::Unknown => "unknown (elsewhere)",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
            Self::Completed => "completed",
        }
    }

    /// Whether its process is there.
    pub const fn is_running(self) -> bool {
        matches!(
            self,
            Self::Running | Self::Stopping | Self::Stopped | Self::Unsupervised | Self::Lingering
        )
    }
}

/// Why a record is none, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invalid {
    /// Such as `runs[0].started_at`.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl Run {
    /// Where it ran.
    pub fn machine(&self) -> Machine {
        Machine {
            host: self.host.clone(),
            boot: self.boot.clone(),
        }
    }

    /// Its process, once it has one.
    pub fn process(&self) -> Option<Process> {
        let (pid, start_time) = self.pid.zip(self.process_start_time.clone())?;
        Some(Process { pid, start_time })
    }

    /// How it stands, seen from a machine now.
    pub fn standing(&self, here: &Machine) -> Standing {
        match self.status {
            Status::Completed if self.lingers(here) => return Standing::Lingering,
            Status::Completed => return Standing::Completed,
            Status::Failed => return Standing::Failed,
            Status::Interrupted => return Standing::Interrupted,
            Status::Running => {}
        }
        let machine = self.machine();
        let supervisor = here.life(&machine, &self.supervisor);
        let process = self.process().map(|process| here.life(&machine, &process));
        let process = match (supervisor, process) {
            (Life::Gone, Some(Life::Gone)) if self.has_left(here) => {
                Some(Life::Alive { stopped: false })
            }
            (_, process) => process,
        };
        match (supervisor, process) {
            (Life::Unknown, _) | (_, Some(Life::Unknown)) => Standing::Unknown,
            (_, Some(Life::Alive { stopped: true })) => Standing::Stopped,
            (Life::Alive { .. }, _) if self.reason == Some(Reason::Told) => Standing::Stopping,
            (Life::Alive { .. }, _) => Standing::Running,
            (Life::Gone, Some(Life::Alive { .. })) => Standing::Unsupervised,
            (Life::Gone, _) => Standing::Interrupted,
        }
    }

    /// Whether its process, which is gone, has left something in its group.
    pub fn has_left(&self, here: &Machine) -> bool {
        let left = |leader| here.has_left(&self.machine(), &leader, RUN, self.id.as_str());
        self.group && self.process().is_some_and(left)
    }

    /// Whether its process is still there, though somebody said that its work is done.
    fn lingers(&self, here: &Machine) -> bool {
        if self.reason != Some(Reason::ByHand) || self.exit_code.or(self.signal).is_some() {
            return false;
        }
        let process = self.process();
        let process = process.as_ref().unwrap_or(&self.supervisor);
        matches!(here.life(&self.machine(), process), Life::Alive { .. }) || self.has_left(here)
    }

    /// Whether its conversation could be gone on with.
    pub fn is_resumable(&self, standing: Standing) -> bool {
        self.conversation.is_some() && matches!(standing, Standing::Failed | Standing::Interrupted)
    }

    /// What of it cannot be, as a place below it and a message.
    pub(super) fn defect(&self) -> Option<(&'static str, &'static str)> {
        let ended = self.status != Status::Running;
        let told = self.reason == Some(Reason::Told);
        let texts = [
            ("model", self.model.as_deref()),
            ("item", self.item.as_deref()),
            ("task", Some(&self.task)),
            ("folder", Some(&self.folder)),
            ("host", Some(&self.host)),
            ("boot", Some(&self.boot)),
            ("process_start_time", self.process_start_time.as_deref()),
            ("conversation", self.conversation.as_deref()),
            ("summary", self.summary.as_deref()),
        ];
        let long = texts
            .into_iter()
            .find(|(_, text)| text.is_some_and(|text| text.len() > TEXT_LIMIT));
        if let Some((place, _)) = long {
            return Some((place, "this is too long"));
        }
        let is_session =
            self.session.strip_suffix(".md").is_some() && !self.session.contains(['/', '\n', '\0']);
        let own = |log: &str| !log.contains('/') && log.starts_with(self.id.as_str());
        let foreign = self.log.as_deref().is_some_and(|log| !own(log));
        [
            (
                RunId::parse(self.id.as_str()).is_none(),
                "id",
                "this is no id of a run",
            ),
            (!is_session, "session", "this is no name of a session"),
            (!is_token(&self.agent), "agent", "this cannot name an agent"),
            (self.argv.is_empty(), "argv", "there is no program"),
            (self.host.is_empty(), "host", "this is empty"),
            (
                !is_pid(self.supervisor.pid),
                "supervisor.pid",
                "this is no process",
            ),
            // In a container this program may be the first process, but nothing that it starts.
            (
                self.pid.is_some_and(|pid| pid == 1 || !is_pid(pid)),
                "pid",
                "this is no process",
            ),
            (
                self.pid.is_some() != self.process_start_time.is_some(),
                "process_start_time",
                "`pid` and this go together",
            ),
            (
                ended && self.completed_at.is_none(),
                "completed_at",
                "this is missing, and it has ended",
            ),
            (
                !ended && self.completed_at.is_some(),
                "completed_at",
                "this is given, and it is running",
            ),
            (
                self.completed_at.is_some_and(|at| at < self.started_at),
                "completed_at",
                "this is before `started_at`",
            ),
            (
                !ended && (self.exit_code.is_some() || (self.signal.is_some() && !told)),
                "status",
                "it says `running` and how it ended",
            ),
            (foreign, "log", "this is not its log"),
        ]
        .into_iter()
        .find_map(|(is, place, message)| is.then_some((place, message)))
    }
}

/// Whether a signal to it goes to one process: to 0 and below it would go to others.
fn is_pid(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(|pid| pid > 0)
}
