//! Whether a process is still the one that it was. A number alone does not say so, because numbers
//! are used again: its start time goes with it, and the boot since which that is counted.

use std::fs;
use std::process::{Command, Stdio};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process_group};
use serde::{Deserialize, Serialize};

/// A process, told from any other that may have its number later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started: on Linux the clock ticks since the boot, elsewhere what `ps` says, to the
    /// second.
    pub start_time: String,
}

/// The machine as its processes see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The name of the machine.
    pub host: String,
    /// On Linux the id of its boot, a blank, and the namespace of process numbers; elsewhere empty,
    /// because start times there are times of day.
    pub boot: String,
}

/// What has become of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It is there.
    Alive {
        /// It was stopped, and goes on when it is told to.
        stopped: bool,
    },
    /// It has ended.
    Gone,
    /// It cannot be seen from here.
    Unknown,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let boot = read("/proc/sys/kernel/random/boot_id");
        let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        let name = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        Self {
            host: name,
            boot: format!("{} {}", boot.trim(), namespace.display())
                .trim()
                .to_owned(),
        }
    }

    /// What has become of a process of a machine, seen from this one.
    pub fn life(&self, machine: &Self, process: &Process) -> Life {
        if self.host != machine.host {
            return Life::Unknown;
        }
        let boot = |machine: &Self| machine.boot.split(' ').next().map(str::to_owned);
        if boot(self) != boot(machine) {
            return Life::Gone;
        }
        // In another container, numbers mean other processes.
        if self.boot != machine.boot {
            return Life::Unknown;
        }
        match look(process.pid) {
            Look::At { start_time, state } if start_time == process.start_time => match state {
                state if ENDED.contains(&state) => Life::Gone,
                'T' | 't' => Life::Alive { stopped: true },
                _ => Life::Alive { stopped: false },
            },
            Look::At { .. } | Look::Nothing => Life::Gone,
            Look::Failed => Life::Unknown,
        }
    }

    /// Whether something is left of the group that a process of a machine led, all of which has a
    /// variable with this value.
    pub fn has_left(&self, machine: &Self, leader: &Process, name: &str, value: &str) -> bool {
        if self != machine {
            return false;
        }
        let mut members = members(leader.pid).into_iter();
        match look(leader.pid) {
            // As long as something is left of a group, no other process gets its number.
            Look::At { start_time, .. } => start_time == leader.start_time && members.len() > 0,
            // One that had it since may have led a group, too, and be gone as well.
            Look::Nothing => members.any(|pid| has_variable(pid, name, value)),
            Look::Failed => false,
        }
    }
}

impl Process {
    /// The process of this number, as long as it is there.
    pub fn of(pid: u32) -> Option<Self> {
        match look(pid) {
            Look::At { start_time, .. } => Some(Self { pid, start_time }),
            Look::Nothing | Look::Failed => None,
        }
    }

    /// The first process that leads a group and has a variable with this value, where that can be
    /// seen: on Linux, of this user's.
    pub fn with_variable(name: &str, value: &str) -> Option<Self> {
        let leads = |pid: &u32| group_of(*pid).is_some_and(|(_, group)| group == *pid);
        let leaders = pids().filter(|pid| has_variable(*pid, name, value) && leads(pid));
        let found = leaders.filter_map(Self::of);
        found.min_by_key(|process| (process.start_time.parse::<u64>().ok(), process.pid))
    }

    /// This program.
    pub fn this() -> Self {
        let pid = std::process::id();
        Self::of(pid).unwrap_or(Self {
            pid,
            start_time: String::new(),
        })
    }
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn has_variable(pid: u32, name: &str, value: &str) -> bool {
    let wanted = format!("{name}={value}");
    let variables = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let mut variables = variables.split(|byte| *byte == 0);
    variables.any(|variable| variable == wanted.as_bytes())
}

/// The state and the group of a process, where there is such a folder.
fn group_of(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    group(rest)
}

/// The processes of a group that have not ended.
pub(super) fn members(wanted: u32) -> Vec<u32> {
    let group_id = i32::try_from(wanted).ok().and_then(Pid::from_raw);
    // Most often there is none, and to ask for that costs nothing.
    if group_id.is_none_or(|group| test_kill_process_group(group) == Err(Errno::SRCH)) {
        return Vec::new();
    }
    let is_one = |(state, group)| group == wanted && !ENDED.contains(&state);
    if fs::metadata("/proc/self/stat").is_ok() {
        return pids()
            .filter(|pid| group_of(*pid).is_some_and(is_one))
            .collect();
    }
    let said = ps(&[
        "-A", "-o", "pid=", "-o", "state=", "-o", "ppid=", "-o", "pgid=",
    ]);
    let said = said.unwrap_or_default();
    let lines = said.lines().filter_map(|line| {
        let (pid, rest) = line.trim_start().split_once(' ')?;
        group(rest).filter(|it| is_one(*it))?;
        pid.parse().ok()
    });
    lines.collect()
}

/// A state and the number of a group, behind which stands what is no business of ours.
fn group(rest: &str) -> Option<(char, u32)> {
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(1)?.parse().ok()?))
}

/// The states of a process that has ended, as long as nobody has asked how.
const ENDED: [char; 3] = ['Z', 'X', 'x'];

#[derive(Debug, PartialEq, Eq)]
enum Look {
    At {
        start_time: String,
        state: char,
    },
    Nothing,
    /// Nobody could say.
    Failed,
}

fn look(pid: u32) -> Look {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => of_stat(&stat).unwrap_or(Look::Failed),
        Err(_) if fs::metadata("/proc/self/stat").is_ok() => Look::Nothing,
        Err(_) => asked(pid),
    }
}

/// What `/proc/PID/stat` says: the name in parentheses may hold anything, blanks and parentheses
/// included.
fn of_stat(stat: &str) -> Option<Look> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    // The state is the third field, and this the twenty-second.
    let start_time = fields.nth(18)?.to_owned();
    Some(Look::At { start_time, state })
}

/// The same where there is no such folder.
fn asked(pid: u32) -> Look {
    let said = ps(&["-o", "state=", "-o", "lstart=", "-p", &pid.to_string()]);
    said.map_or(Look::Failed, |said| of_ps(&said))
}

fn ps(arguments: &[&str]) -> Option<String> {
    let said = Command::new("ps")
        .args(arguments)
        .envs([("LC_ALL", "C"), ("TZ", "UTC")])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    Some(String::from_utf8_lossy(&said.ok()?.stdout).into_owned())
}

fn of_ps(said: &str) -> Look {
    let mut words = said.split_whitespace();
    let Some(state) = words.next().and_then(|word| word.chars().next()) else {
        return Look::Nothing;
    };
    let start_time = words.collect::<Vec<_>>().join(" ");
    Look::At { start_time, state }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start_time: &str, state: char) -> Look {
        let start_time = start_time.to_owned();
        Look::At { start_time, state }
    }

    #[test]
    fn a_name_can_say_what_it_likes() {
        let stat = "12 (a) S 1 (x) 3) T 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(of_stat(stat), Some(at("4711", 'T')));
        assert_eq!(of_stat("12 (sh) S 1 2"), None);
    }

    #[test]
    fn what_ps_says_is_read() {
        let said = "Ss   Thu Dec  4 14:30:00 2025\n";
        assert_eq!(of_ps(said), at("Thu Dec 4 14:30:00 2025", 'S'));
        assert_eq!(of_ps("\n"), Look::Nothing);
        let own = asked(std::process::id());
        assert!(matches!(own, Look::At { .. } | Look::Failed), "{own:?}");
    }

    #[test]
    fn a_number_that_is_used_again_does_not_fool() {
        let here = Machine::this();
        let this = Process::this();
        assert_eq!(here.life(&here, &this), Life::Alive { stopped: false });
        let former = Process {
            start_time: "1".into(),
            ..this.clone()
        };
        assert_eq!(here.life(&here, &former), Life::Gone);
        let named = |host: &str, boot: &str| Machine {
            host: host.into(),
            boot: boot.into(),
        };
        assert_eq!(
            here.life(&named(&here.host, "before pid:[1]"), &this),
            Life::Gone
        );
        assert_eq!(
            here.life(&named("elsewhere", &here.boot), &this),
            Life::Unknown
        );
        let (boot, _) = here.boot.split_once(' ').unwrap();
        let boxed = named(&here.host, &format!("{boot} pid:[1]"));
        assert_eq!(here.life(&boxed, &this), Life::Unknown);
    }
}
