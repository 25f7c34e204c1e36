//! Which of several assignments is to be started next, and how far all of them are. Only decides;
//! starts nothing.

use std::path::PathBuf;

use serde::Serialize;

use super::assignment::Assignment;
use super::runs::Tally;
use crate::agents::Agent;

/// How far an assignment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has not been started.
    Waiting,
    /// It is left out, because it failed before or is no longer there.
    LeftOut,
    /// Another run is at work on it.
    Taken,
    /// Its agent runs.
    Running,
    /// It is done.
    Completed,
    /// Its agent failed.
    Failed,
    /// Its agent was interrupted.
    Interrupted,
}

impl State {
    /// As it is shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::LeftOut => "left out",
            Self::Taken => "being worked on",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// An assignment, and who is to do it.
#[derive(Debug)]
pub struct Job {
    /// What is to be done.
    pub assignment: Assignment,
    /// Who does it.
    pub agent: Agent,
    /// The run before, if there was one that did not complete, or the one that is at work on it.
    pub run: Option<String>,
    /// Whether it is an item of the session, which is ticked once it is done.
    pub is_item: bool,
    /// What is started.
    pub command: Command,
    /// How far it is.
    pub state: State,
}

/// What is started for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The agent, with a new conversation.
    Start,
    /// The agent, with the conversation of this id.
    Resume(String),
    /// What was started before, which somebody has looked at.
    Recorded {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Where.
        folder: PathBuf,
        /// The names of the variables that it was given.
        env: Vec<String>,
    },
}

/// All of them.
#[derive(Debug)]
pub struct Queue {
    /// In the order in which they are started.
    pub jobs: Vec<Job>,
    /// How many run at once at most.
    pub limit: usize,
    /// After how many failures no more are started.
    pub max_failures: Option<usize>,
    /// No more are started, whatever else.
    pub stopped: bool,
}

impl Queue {
    /// The next one to be started, if one can be by now.
    pub fn next(&self) -> Option<usize> {
        let failures = self.number(State::Failed) + self.number(State::Interrupted);
        let enough = self.max_failures.is_some_and(|max| failures >= max);
        if self.stopped || enough || self.number(State::Running) >= self.limit {
            return None;
        }
        self.jobs.iter().position(|job| {
            let agent = &job.agent;
            let same =
                |other: &&Job| other.state == State::Running && other.agent.name == agent.name;
            let is_over = |wave: u32| {
                let mut jobs = self.jobs.iter();
                jobs.all(|job| job.assignment.wave != Some(wave) || job.state == State::Completed)
            };
            job.state == State::Waiting
                && self.jobs.iter().filter(same).count() < agent.max_parallel
                && job.assignment.after.is_none_or(is_over)
        })
    }

    /// How many are in this state.
    pub fn number(&self, state: State) -> usize {
        self.jobs.iter().filter(|job| job.state == state).count()
    }

    /// How far all of them are.
    pub fn tally(&self) -> Tally {
        Tally::new(self.number(State::Completed), self.jobs.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn queue(jobs: &[(&str, u32, Option<u32>)], limit: usize) -> Queue {
        let text = "[agents.one]\nhost = 'claude'\nmax-parallel = 1\n";
        let config = Config::parse("agentsess.toml".into(), text).unwrap();
        let job = |&(agent, wave, after): &(&str, u32, Option<u32>)| Job {
            assignment: Assignment {
                item: String::new(),
                id: None,
                agent: None,
                wave: Some(wave),
                after,
                nested: Vec::new(),
                markdown: String::new(),
            },
            agent: Agent::named(&config, agent).unwrap(),
            run: None,
            is_item: true,
            command: Command::Start,
            state: State::Waiting,
        };
        Queue {
            jobs: jobs.iter().map(job).collect(),
            limit,
            max_failures: None,
            stopped: false,
        }
    }

    /// What is started, one by one, until nothing more can be.
    fn started(queue: &mut Queue) -> Vec<usize> {
        let next = || {
            let next = queue.next()?;
            queue.jobs[next].state = State::Running;
            Some(next)
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn as_many_are_started_as_may_run_at_once() {
        let jobs = [
            ("one", 1, None),
            ("one", 1, None),
            ("codex", 1, None),
            ("codex", 1, None),
        ];
        let mut all = queue(&jobs, 9);
        assert_eq!(started(&mut all), [0, 2, 3]);
        all.jobs[0].state = State::Failed;
        assert_eq!(started(&mut all), [1]);
        assert_eq!(started(&mut queue(&jobs, 2)), [0, 2]);
    }

    #[test]
    fn a_wave_waits_until_the_one_before_it_is_done() {
        let mut all = queue(
            &[
                ("codex", 1, None),
                ("codex", 1, None),
                ("codex", 2, Some(1)),
            ],
            9,
        );
        assert_eq!(started(&mut all), [0, 1]);
        all.jobs[0].state = State::Completed;
        all.jobs[1].state = State::Failed;
        assert_eq!(started(&mut all), [] as [usize; 0]);
        all.jobs[1].state = State::Completed;
        assert_eq!(started(&mut all), [2]);
    }

    #[test]
    fn nothing_is_started_after_too_many_failures_or_when_told_to_stop() {
        let mut all = queue(&[("codex", 1, None); 3], 1);
        all.max_failures = Some(1);
        assert_eq!(started(&mut all), [0]);
        all.jobs[0].state = State::Interrupted;
        assert_eq!(all.next(), None);
        all.max_failures = Some(2);
        assert_eq!(all.next(), Some(1));
        all.stopped = true;
        assert_eq!(all.next(), None);
    }

    #[test]
    fn a_count_is_100_percent_only_if_nothing_remains() {
        for (completed, total, text) in [
            (4, 6, "completed 4 of 6 (67%), 2 remaining"),
            (999, 1000, "completed 999 of 1000 (99%), 1 remaining"),
            (0, 3, "completed 0 of 3 (0%), 3 remaining"),
            (3, 3, "completed 3 of 3 (100%), 0 remaining"),
            (0, 0, "completed 0 of 0 (100%), 0 remaining"),
        ] {
            assert_eq!(Tally::new(completed, total).to_string(), text);
        }
    }
}
