//! A closing record that is edited keeps what others wrote into it.
#![no_main]

use std::collections::BTreeMap;

use agentsess::document::record::{Failure, State};
use agentsess::document::time::parse_rfc3339;
use agentsess::document::{Backlog, Planning, Record};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

/// The fields that are ours to change.
const OWN: [&str; 9] = [
    "state",
    "root_seed",
    "spikes",
    "plan",
    "backlog",
    "updated",
    "completed_at",
    "error",
    "agentsess",
];

fuzz_target!(|text: &str| {
    let (Ok(mut record), Some(now)) = (
        Record::parse(text.to_owned()),
        parse_rfc3339("2026-01-02T03:04:05Z"),
    ) else {
        return;
    };
    let before = foreign(text);
    let list = || vec!["one".to_owned(), "two".to_owned()];
    let planning = Planning {
        root_seed: Some("seed".to_owned()),
        spikes: list(),
        plan: Some("plan".to_owned()),
        backlog: Backlog {
            topic: None,
            backlog_md: Some("b.md".to_owned()),
            tickets: list(),
        },
    };
    let failure = Failure {
        message: "no".into(),
        failed_at: "issue".into(),
        tickets_created: list(),
    };
    let steps: [&dyn Fn(&mut Record) -> Result<(), _>; 5] = [
        &|record| record.merge(&planning),
        &|record| record.set_failure(&failure, now.at),
        &|record| record.set_own("stem", Some("Title"), Some(&[])),
        &|record| record.set_state(State::Archived, now.at),
        &|record| record.set_state(State::Completed, now.at),
    ];
    for step in steps {
        let unchanged = record.text().to_owned();
        match step(&mut record) {
            Ok(()) => {}
            Err(_) => assert!(Record::parse(unchanged).is_ok()),
        }
        assert_eq!(foreign(record.text()), before, "{}", record.text());
    }
});

/// The other fields as they are written: what is in them need not be readable, such as half of a
/// surrogate pair.
fn foreign(text: &str) -> Option<BTreeMap<String, String>> {
    let text = text.trim_start_matches('\u{feff}');
    let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).ok()?;
    let own = |key: &str| OWN.contains(&key);
    let fields = fields.into_iter().filter(|(key, _)| !own(key));
    Some(fields.map(|(key, value)| (key, value.get().to_owned())).collect())
}
