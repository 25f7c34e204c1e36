//! All runs of a work tree as one file: what is a record in it, and how what is known of a run is
//! brought together.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Invalid, Machine, Reason, Run, RunId, Status};

/// The version of the format that is written.
pub const VERSION: u64 = 1;

/// Ended runs that are kept by themselves.
pub const KEPT: usize = 1000;

/// The most that records of ended runs may take, in bytes: what is read whole is bounded.
const SIZE_LIMIT: usize = 4 * 1024 * 1024;

/// All runs of a work tree, the first one first.
#[derive(Debug, Default)]
pub struct Ledger {
    /// The runs by their ids, which are in the order of time.
    pub runs: BTreeMap<RunId, Run>,
    /// What was found among them and is no record.
    pub aside: Vec<Aside>,
    /// The older version that it was read from, if it was one.
    pub migrated: Option<u64>,
}

/// Something that stood in a ledger and is no record.
#[derive(Debug, Clone)]
pub struct Aside {
    /// Why.
    pub invalid: Invalid,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a ledger cannot be worked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// A newer program wrote it.
    Newer(u64),
}

impl Ledger {
    /// Reads a ledger. What is no record in it is set aside; of what is no ledger as a whole, so are
    /// all lines that are no records.
    ///
    /// # Errors
    ///
    /// When it is of a newer version.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut ledger = Self::default();
        let (version, runs) = match split(bytes) {
            Ok(found) => found,
            Err((place, message)) => return salvage(bytes, place, message),
        };
        if version > VERSION {
            return Err(Unreadable::Newer(version));
        }
        ledger.migrated = (version < VERSION).then_some(version);
        for (index, raw) in runs.iter().enumerate() {
            match record(raw.get(), index) {
                Ok(run) if ledger.runs.contains_key(&run.id) => {
                    ledger.aside.push(Aside {
                        invalid: at(index, "id", "another run has it"),
                        bytes: raw.get().as_bytes().to_vec(),
                    });
                }
                Ok(run) => {
                    ledger.runs.insert(run.id.clone(), run);
                }
                Err(invalid) => ledger.aside.push(Aside {
                    invalid,
                    bytes: raw.get().as_bytes().to_vec(),
                }),
            }
        }
        Ok(ledger)
    }

    /// The bytes of the ledger, one record a line.
    ///
    /// # Errors
    ///
    /// When a record is none; then nothing is to be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Invalid> {
        let mut bytes = format!("{{\"version\":{VERSION},\"runs\":[").into_bytes();
        for (index, run) in self.runs.values().enumerate() {
            if let Some((place, message)) = run.defect() {
                return Err(at(index, place, message));
            }
            bytes.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
            serde_json::to_writer(&mut bytes, run)
                .map_err(|error| at(index, "", &error.to_string()))?;
        }
        bytes.extend_from_slice(b"\n]}\n");
        Ok(bytes)
    }

    /// Writes down what is known of a run now. What is known already of its end stays: neither can
    /// it begin again, nor does anybody who only found it gone know better than who saw it end.
    pub fn put(&mut self, mut run: Run) {
        if let Some(known) = self.runs.get_mut(&run.id) {
            let ended = known.status != Status::Running;
            let guess = known.reason == Some(Reason::Lost);
            if ended && (run.status == Status::Running || run.reason == Some(Reason::Lost)) {
                known.conversation = known.conversation.take().or(run.conversation);
                return;
            }
            if ended && !guess {
                // Somebody's word on the work stands; how the process ended is a fact beside it.
                if known.reason == Some(Reason::ByHand) {
                    run.status = known.status;
                    run.reason = known.reason;
                }
                run.logged |= known.logged;
                run.completed_at = run.completed_at.max(known.completed_at);
            }
        }
        self.runs.insert(run.id.clone(), run);
    }

    /// Forgets the oldest runs that are over and of which the session says so, but for `keep`.
    /// Returns their ids.
    pub fn prune(&mut self, keep: usize) -> Vec<RunId> {
        let (mut kept, mut size) = (0, 0);
        let mut old = Vec::new();
        let here = Machine::this();
        for run in self.runs.values().rev() {
            let is_at_work = run.status == Status::Running || run.standing(&here).is_running();
            if is_at_work || !run.logged {
                continue;
            }
            kept += 1;
            size += serde_json::to_vec(run).map_or(0, |json| json.len());
            if kept > keep || size > SIZE_LIMIT {
                old.push(run.id.clone());
            }
        }
        for id in &old {
            self.runs.remove(id);
        }
        old
    }

    /// The runs that a word means: an id, the beginning of one, or `@latest`.
    pub fn meant(&self, word: &str) -> Vec<&Run> {
        if word == "@latest" {
            return self.runs.values().next_back().into_iter().collect();
        }
        let runs = self.runs.values();
        runs.filter(|run| !word.is_empty() && run.id.as_str().starts_with(word))
            .collect()
    }
}

/// Where a ledger is none, and what is wrong there.
type Damage = (&'static str, String);

/// The version of a ledger and what stands where its records do. Version 0 was a list of records
/// and nothing around it.
fn split(bytes: &[u8]) -> Result<(u64, Vec<Box<RawValue>>), Damage> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        let runs = serde_json::from_slice(bytes);
        return runs
            .map(|runs| (0, runs))
            .map_err(|error| ("runs", error.to_string()));
    }
    let outer: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(bytes).map_err(|error| ("ledger", error.to_string()))?;
    let version = outer.get("version").map(|version| version.get());
    let version = version
        .and_then(|version| version.parse::<u64>().ok())
        .ok_or_else(|| ("version", "this is no version of a ledger".to_owned()))?;
    if version > VERSION {
        return Ok((version, Vec::new()));
    }
    let runs = outer.get("runs").map_or("null", |runs| runs.get());
    let runs = serde_json::from_str(runs).map_err(|error| ("runs", error.to_string()))?;
    Ok((version, runs))
}

/// Takes the records out of what is no ledger: one line each, as they were written.
fn salvage(bytes: &[u8], place: &str, message: String) -> Result<Ledger, Unreadable> {
    let mut ledger = Ledger::default();
    let mut rest = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = std::str::from_utf8(line).unwrap_or_default().trim_end();
        let version = text.strip_prefix("{\"version\":");
        let version = version.and_then(|rest| rest.split(',').next()?.parse().ok());
        if let Some(newer) = version.filter(|version| *version > VERSION) {
            return Err(Unreadable::Newer(newer));
        }
        match record(text.trim_end_matches(','), ledger.runs.len()) {
            Ok(run) if !ledger.runs.contains_key(&run.id) => {
                ledger.runs.insert(run.id.clone(), run);
            }
            _ => rest.extend_from_slice(line),
        }
    }
    ledger.aside.push(Aside {
        invalid: Invalid {
            place: place.to_owned(),
            message,
        },
        bytes: rest,
    });
    Ok(ledger)
}

fn record(json: &str, index: usize) -> Result<Run, Invalid> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let run: Run = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let message = error.inner().to_string();
        // Where in the line it is says less than where in the record.
        let message = message.split(" at line ").next().unwrap_or(&message);
        // A key that is not there has no path of its own.
        let missing = message
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split('`').next());
        match missing {
            Some(key) if path == "." => at(index, key, "this is missing"),
            Some(key) => at(index, &format!("{path}.{key}"), "this is missing"),
            None => at(index, path.trim_start_matches('.'), message),
        }
    })?;
    match run.defect() {
        Some((place, message)) => Err(at(index, place, message)),
        None => Ok(run),
    }
}

fn at(index: usize, place: &str, message: &str) -> Invalid {
    let dot = if place.is_empty() { "" } else { "." };
    Invalid {
        place: format!("runs[{index}]{dot}{place}"),
        message: message.to_owned(),
    }
}

/// What could not be written into the ledger, for whoever writes there next.
#[derive(Debug, Serialize)]
struct Pending<'p> {
    version: u64,
    error: &'p str,
    runs: Vec<&'p Run>,
}

/// The bytes of a file for what could not be written, with the reason.
pub fn pending(runs: &[Run], error: &str) -> Vec<u8> {
    let pending = Pending {
        version: VERSION,
        error,
        runs: runs.iter().collect(),
    };
    let mut json = serde_json::to_vec(&pending).unwrap_or_default();
    json.push(b'\n');
    json
}

/// Why a file of [`pending`] was written.
pub fn pending_error(bytes: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    value.get("error")?.as_str().map(str::to_owned)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::runs::Process;

    pub fn run(id: &str) -> Run {
        let machine = Machine::this();
        Run {
            id: RunId::parse(id).unwrap(),
            session: "20251204-143000-weather.md".into(),
            agent: "dev".into(),
            model: None,
            item: None,
            task: "measure".into(),
            argv: vec!["true".into()],
            env: Vec::new(),
            folder: "/".into(),
            status: Status::Running,
            host: machine.host,
            boot: machine.boot,
            supervisor: Process::this(),
            pid: None,
            process_start_time: None,
            kill_after_ms: 10_000,
            group: true,
            started_at: chrono::DateTime::UNIX_EPOCH,
            completed_at: None,
            exit_code: None,
            signal: None,
            reason: None,
            conversation: None,
            log: None,
            summary: None,
            logged: false,
        }
    }

    fn ended(id: &str, status: Status, reason: Option<Reason>) -> Run {
        Run {
            status,
            reason,
            completed_at: Some(chrono::DateTime::UNIX_EPOCH),
            logged: true,
            ..run(id)
        }
    }

    fn ledger(runs: impl IntoIterator<Item = Run>) -> Ledger {
        let mut ledger = Ledger::default();
        for run in runs {
            ledger.put(run);
        }
        ledger
    }

    const A: &str = "1j3abcdef0000";
    const B: &str = "1j3abcdef0001";

    #[test]
    fn what_is_written_is_read() {
        let written = ledger([run(A), ended(B, Status::Failed, None)]);
        let bytes = written.to_bytes().unwrap();
        let read = Ledger::parse(&bytes).unwrap();
        assert_eq!(read.runs, written.runs);
        assert!(read.aside.is_empty() && read.migrated.is_none());
        assert_eq!(read.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn a_record_that_is_none_is_named_by_its_place_and_the_rest_works() {
        let good = serde_json::to_value(ended(B, Status::Completed, None)).unwrap();
        let bad = |key: &str, value: Value| {
            let mut bad = serde_json::to_value(run(A)).unwrap();
            bad[key] = value;
            let json = serde_json::json!({"version": 1, "runs": [bad, good]});
            let read = Ledger::parse(json.to_string().as_bytes()).unwrap();
            assert_eq!(read.runs.len(), 1, "{key}");
            read.aside[0].invalid.place.clone()
        };
        for (key, value, place) in [
            ("started_at", "yesterday".into(), "runs[0].started_at"),
            ("status", "asleep".into(), "runs[0].status"),
            (
                "completed_at",
                "2025-12-04T14:30:00Z".into(),
                "runs[0].completed_at",
            ),
            ("pid", 0.into(), "runs[0].pid"),
            ("session", "../a.md".into(), "runs[0].session"),
            ("id", "../../etc/pass".into(), "runs[0].id"),
            ("log", "../ledger.json".into(), "runs[0].log"),
            (
                "supervisor",
                serde_json::json!({"pid": -1, "start_time": "1"}),
                "runs[0].supervisor.pid",
            ),
            (
                "supervisor",
                serde_json::json!({"pid": 12}),
                "runs[0].supervisor.start_time",
            ),
        ] {
            assert_eq!(bad(key, value), place);
        }
        let twice = serde_json::json!({"version": 1, "runs": [good, good]}).to_string();
        let read = Ledger::parse(twice.as_bytes()).unwrap();
        assert_eq!(read.aside[0].invalid.place, "runs[1].id");
        let missing = Ledger::parse(br#"{"version":1,"runs":[{}, 3]}"#).unwrap();
        let places: Vec<_> = missing
            .aside
            .iter()
            .map(|a| a.invalid.place.as_str())
            .collect();
        assert_eq!(places, ["runs[0].id", "runs[1]"]);
    }

    #[test]
    fn the_first_process_of_a_container_can_watch_over_others() {
        let mut first = run(A);
        first.supervisor.pid = 1;
        let bytes = ledger([first]).to_bytes().unwrap();
        assert_eq!(Ledger::parse(&bytes).unwrap().runs.len(), 1);
    }

    #[test]
    fn what_cannot_be_is_not_written() {
        let bad = Run {
            completed_at: Some(chrono::DateTime::UNIX_EPOCH),
            ..run(A)
        };
        let refused = ledger([bad]).to_bytes().unwrap_err();
        assert_eq!(refused.place, "runs[0].completed_at");
    }

    #[test]
    fn damage_loses_nothing_and_a_newer_version_is_left_alone() {
        for damaged in [
            "",
            "{\"version\":1,\"runs\":[",
            "{}",
            "{\"version\":1,\"runs\":3}",
            "[1",
        ] {
            let read = Ledger::parse(damaged.as_bytes()).unwrap();
            assert_eq!(read.aside[0].bytes, damaged.as_bytes(), "{damaged}");
        }
        let newer = Ledger::parse(br#"{"version":2,"runs":{"other":1}}"#);
        assert_eq!(newer.unwrap_err(), Unreadable::Newer(2));
    }

    #[test]
    fn version_0_was_a_list() {
        let json = serde_json::to_vec(&[run(A)]).unwrap();
        let read = Ledger::parse(&json).unwrap();
        assert_eq!((read.migrated, read.runs.len()), (Some(0), 1));
    }

    #[test]
    fn what_is_known_of_an_end_stays() {
        let lost = ended(A, Status::Interrupted, Some(Reason::Lost));
        let failed = ended(A, Status::Failed, None);
        let by_hand = ended(A, Status::Completed, Some(Reason::ByHand));
        for (known, new, status) in [
            (failed.clone(), run(A), Status::Failed),
            (failed.clone(), lost.clone(), Status::Failed),
            (lost, failed.clone(), Status::Failed),
            (by_hand, failed, Status::Completed),
        ] {
            assert_eq!(
                ledger([known, new]).runs[&RunId::parse(A).unwrap()].status,
                status
            );
        }
    }

    #[test]
    fn what_runs_and_what_is_not_told_is_not_forgotten() {
        let untold = Run {
            logged: false,
            ..ended(B, Status::Failed, None)
        };
        let mut all = ledger([run(A), untold, ended("1j3abcdef0002", Status::Failed, None)]);
        assert_eq!(all.prune(0).len(), 1);
        assert_eq!(all.runs.len(), 2);
        assert_eq!(all.meant("1j3abcdef000").len(), 2);
        assert_eq!(all.meant("@latest")[0].id.as_str(), B);
        assert!(all.meant("").is_empty());
    }
}
